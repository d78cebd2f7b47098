# SPDX-License-Identifier: GPL-2.0-or-later
"""The noise that vmmio-mic-inside expects, and recordings."""
import array
import wave


def noise(count):
    """`count` samples of 16 bits, as bytes."""
    state, samples = 0, array.array("H")
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        samples.append(state >> 16)
    return samples.tobytes()


def write_recording(file, data, rate=48000, channels=1):
    """Write samples as a WAV file to `file`, a path or a file open for writing."""
    with wave.open(file, "wb") as recording:
        recording.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
        recording.writeframes(data)
