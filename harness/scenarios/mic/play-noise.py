# SPDX-License-Identifier: GPL-2.0-or-later
"""play-noise.py SAMPLES RATE MICROPHONE ENDPOINT: start the microphone with noise in a file of no name."""
import os
import sys

from noise import noise, write_recording

samples, rate, microphone, endpoint = sys.argv[1:]
recording = os.memfd_create("noise.wav", 0)
with open(recording, "wb", closefd=False) as file:
    write_recording(file, noise(int(samples)), int(rate))
os.execv(microphone, [microphone, endpoint, f"/proc/self/fd/{recording}"])
