"""Composes and records the shop's tracks: ``make music``. The melodies are this project's own.

A tune is written as notes, ``E4`` for one beat, ``E4:2`` for two, ``-`` for silence; a plucked voice plays
the melody and a softer one the bass. lameenc turns the samples into the MP3 files under ``tracks/``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from math import pi
from math import sin
from pathlib import Path

TRACKS = Path(__file__).parent / "tracks"
RATE = 22_050
KILOBITS = 32
SEMITONES = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}


@dataclass(frozen=True)
class Voice:
    """Loudness of each harmonic, and how many seconds a note takes to fade."""

    harmonics: tuple[float, ...]
    fade: float


PLUCK = Voice((0.30, 0.12, 0.06, 0.03), 0.55)
BASS = Voice((0.26, 0.05), 0.9)


@dataclass(frozen=True)
class Tune:
    beats_per_minute: int
    melody: str
    bass: str


TUNES = {
    "now-and-forever": Tune(
        92,
        "G4 E4 G4 A4 C5:1.5 B4:.5 A4:2 G4 E4 D4 E4 G4:3 - C5 B4:.5 C5:.5 D5:2",
        "C3:2 E3:2 F3:2 A3:2 G3:2 B3:2 C3:2 G3:2 F3 G3 C3:2",
    ),
    "harbor-lights-at-five": Tune(
        112,
        "D4:.5 F4:.5 A4 D5 C5:.5 A4:.5 G4:2 F4:.5 G4:.5 A4 F4 E4:.5 C4:.5 D4:2 D4:.5 F4:.5 A4 D5 E5 F5:1.5 E5:.5 D5:2",
        "D3:2 F3:2 G3:2 C3:2 D3:2 A3:2 D3:2 F3:2 G3 A3 D3:2",
    ),
    "paper-lanterns": Tune(
        108,
        "E4 G4 A4:2 B4 A4 G4:2 E4 D4 E4:2 G4:3 - A4 B4 D5:2 B4 A4 G4:2",
        "E3:2 A3:2 E3:2 D3:2 C3:2 A3:2 G3:2 D3:2 A3:2 B3:2 E3:2",
    ),
    "night-train-to-the-coast": Tune(
        138,
        "A4:.5 A4:.5 C5 A4 E4 A4:.5 C5:.5 D5 C5 A4 G4:.5 G4:.5 B4 G4 D4 A4:.5 B4:.5 C5 B4:.5 A4:.5 E4:2 A4:2 A4:2",
        "A3 E3 A3 E3 A3 E3 A3 E3 G3 D3 G3 D3 A3 E3 A3 E3 F3 G3 A3:2 A3:2",
    ),
    "sound-check": Tune(100, "C4 E4 G4 C5 G4 E4 C4:2 - C5:2", "C3:4 G3:4 - C3:2"),
}


def notes(line: str, beat: float) -> Iterator[tuple[float, float, float]]:
    """Start in seconds, length in seconds and frequency in hertz of every note that sounds."""
    start = 0.0
    for word in line.split():
        pitch, _, beats = word.partition(":")
        length = float(beats or 1) * beat
        if pitch != "-":
            yield start, length, 440 * 2 ** ((SEMITONES[pitch[0]] + 12 * (int(pitch[1:]) - 4)) / 12)
        start += length


def play(samples: list[float], line: str, beat: float, voice: Voice) -> None:
    for start, length, frequency in notes(line, beat):
        first = int(start * RATE)
        sounding = min(int((length + voice.fade) * RATE), len(samples) - first)
        for i in range(sounding):
            seconds = i / RATE
            swell = min(1.0, seconds / 0.008) * exp(-seconds / voice.fade)
            angle = 2 * pi * frequency * seconds
            tone = sum(loudness * sin(angle * (n + 1)) for n, loudness in enumerate(voice.harmonics))
            samples[first + i] += swell * tone


def record(tune: Tune) -> bytes:
    """The tune as 16-bit samples, with a second for its last note to fade."""
    beat = 60 / tune.beats_per_minute
    end = max(start + length for start, length, _ in notes(tune.melody, beat)) + 1
    samples = [0.0] * int(end * RATE)
    play(samples, tune.melody, beat, PLUCK)
    play(samples, tune.bass, beat, BASS)
    peak = max(abs(sample) for sample in samples)
    return array("h", (int(sample / peak * 28_000) for sample in samples)).tobytes()


def encode(samples: bytes) -> bytes:
    import lameenc  # needed by who composes, not by who plays

    encoder = lameenc.Encoder()
    encoder.set_bit_rate(KILOBITS)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_quality(2)
    encoder.silence()
    return bytes(encoder.encode(samples) + encoder.flush())


def main() -> None:
    TRACKS.mkdir(exist_ok=True)
    for name, tune in TUNES.items():
        (TRACKS / f"{name}.mp3").write_bytes(encode(record(tune)))
        print(f"{name}.mp3")


if __name__ == "__main__":
    main()
