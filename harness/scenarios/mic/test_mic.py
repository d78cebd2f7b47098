# SPDX-License-Identifier: GPL-2.0-or-later
"""The microphone in a guest: every sample arrives, in order, with one interrupt for each block."""
import array
import os
import socket
import subprocess
import time

import pytest
from noise import noise, write_recording

MIC = os.environ["MIC_OUTSIDE"]
BASE = 0xfef00000
CONTROL, STATUS, ADDRESS_LOW, ADDRESS_HIGH, GIVE, OVERRUNS = (
    BASE + at for at in (0, 4, 0x10, 0x14, 0x18, 0x20))
FAULT = 4
BLOCK_SAMPLES = 2048
BUFFERS = 4  # of vmmio-mic-inside
SIGBUS = 7


def record(path, data, rate=48000, channels=1):
    write_recording(str(path), data, rate, channels)
    return path


@pytest.fixture(scope="module")
def guest(vmbench_guest):
    vmbench_guest.load_uio()
    return vmbench_guest


@pytest.fixture
def play(guest):
    """play(file): a microphone for the test that hears the file."""
    started = []

    def start(path):
        started.append(subprocess.Popen([MIC, guest.endpoint, path]))
        guest.wait_claim()

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)
    guest.wait_release()


def read(guest, address):
    return int(guest.check(["devmem", hex(address), "32"]), 16)


def write(guest, address, value):
    guest.check(["devmem", hex(address), "32", hex(value)])


def wait_for(guest, address, value):
    end = time.monotonic() + 60
    while read(guest, address) != value:
        assert time.monotonic() < end


# At a million samples a second the guest is always late, and the microphone waits for buffers.
@pytest.mark.parametrize("count, rate", [(1, 8000), (BLOCK_SAMPLES, 48000), (20001, 48000),
                                         (100000, 1000000)])
def test_every_sample_arrives(guest, play, tmp_path, count, rate):
    play(record(tmp_path / "noise.wav", noise(count), rate))
    blocks = -(-count // BLOCK_SAMPLES)
    for _ in range(2):  # from the start again
        came, overruns = guest.check(["vmmio-mic-inside"]).splitlines()
        assert came == f"{count} samples, {blocks} blocks, {blocks} interrupts, {rate} Hz"
        assert blocks > BUFFERS or overruns == "0 overruns"


def test_the_levels_of_any_sound(guest, play, tmp_path):
    samples = [0] * (2 * BLOCK_SAMPLES) + [5, -6]
    samples[BLOCK_SAMPLES - 1], samples[BLOCK_SAMPLES] = 1234, -32768
    play(record(tmp_path / "sound.wav", array.array("h", samples).tobytes()))
    printed = guest.check(["vmmio-mic-inside", "--levels"])
    assert printed.startswith("block 0: 1234\nblock 1: 32768\nblock 2: 6\n4098 samples, 3 blocks")


def test_a_usage_error_is_told(guest):
    result = guest.run(["vmmio-mic-inside", "--level"])
    assert result.exit_status == 2 and result.stderr.startswith("usage: ")


def test_a_wrong_sample_is_found(guest, play, tmp_path):
    data = bytearray(noise(3000))
    data[2 * 2500] ^= 1
    play(record(tmp_path / "wrong.wav", data))
    result = guest.run(["vmmio-mic-inside"])
    assert result.exit_status == 1 and "sample 2500 is " in result.stderr


def test_a_buffer_outside_ram(guest, play, tmp_path):
    play(record(tmp_path / "noise.wav", noise(BLOCK_SAMPLES)))
    write(guest, ADDRESS_LOW, BASE)
    write(guest, ADDRESS_HIGH, 0)
    write(guest, GIVE, 1)
    write(guest, CONTROL, 1)
    wait_for(guest, STATUS, FAULT)
    write(guest, CONTROL, 0)
    assert read(guest, STATUS) == 0
    guest.check(["vmmio-mic-inside"])


def test_overruns_are_counted(guest, play, tmp_path):
    blocks = BUFFERS
    play(record(tmp_path / "noise.wav", noise(blocks * BLOCK_SAMPLES)))
    write(guest, CONTROL, 1)
    wait_for(guest, OVERRUNS, blocks)
    write(guest, CONTROL, 0)
    assert guest.check(["vmmio-mic-inside"]).endswith("\n0 overruns\n")


def test_a_file_that_shrinks(guest, play, tmp_path):
    path = record(tmp_path / "noise.wav", noise(2 * BLOCK_SAMPLES))
    play(path)
    os.truncate(path, path.stat().st_size - 2)
    result = guest.run(["vmmio-mic-inside"])
    assert result.exit_status == 1 and "lost its sound" in result.stderr


def assert_bus_error(guest, argv, on_x86):
    """SIGBUS on the Pi; on x86 the program goes on, and prints `on_x86`."""
    result = guest.run(["devmem", *argv])
    if guest.machine == "raspi4b":
        assert result.signal == SIGBUS
    else:
        assert (result.exit_status, result.stdout) == (0, on_x86)


@pytest.mark.parametrize("address, width", [(CONTROL, 32), (BASE + 0x24, 32), (STATUS, 16)])
def test_reads_that_are_refused(guest, play, tmp_path, address, width):
    play(record(tmp_path / "noise.wav", noise(1)))
    assert_bus_error(guest, [hex(address), width], f"0x{2**width - 1:X}\n")


@pytest.mark.parametrize("value", [1, 2])
def test_a_refused_write_changes_nothing(guest, play, tmp_path, value):
    # A recording that began anew would take a second to its first overrun.
    play(record(tmp_path / "noise.wav", noise(1), rate=BLOCK_SAMPLES))
    write(guest, CONTROL, 1)
    wait_for(guest, OVERRUNS, 1)
    assert_bus_error(guest, [hex(CONTROL), "32", value], "")
    assert read(guest, OVERRUNS) == 1
    write(guest, CONTROL, 0)


@pytest.mark.parametrize("data, channels, message", [
    (noise(2), 2, "several channels"), (b"", 1, "no sound"), (None, 1, "ormat")])
def test_a_file_that_is_no_recording(tmp_path, data, channels, message):
    path = tmp_path / "file.wav"
    if data is None:
        path.write_text("This is not a sound file.\n")
    else:
        record(path, data, channels=channels)
    check_refused([MIC, "127.0.0.1:1", path], 1, message)


@pytest.mark.parametrize("arguments, status, message", [
    ([], 2, "usage"), (["127.0.0.1:1", "/none.wav"], 1, "/none.wav: ")])
def test_a_wrong_call(arguments, status, message):
    check_refused([MIC, *arguments], status, message)


@pytest.mark.parametrize("endpoint, status", [("127.0.0.1:none", 2), ("unix:/none", 1)])
def test_a_wrong_endpoint(tmp_path, endpoint, status):
    check_refused([MIC, endpoint, record(tmp_path / "noise.wav", noise(1))], status, endpoint)


def test_the_end_of_the_vm(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as vm:
        endpoint = f"127.0.0.1:{vm.getsockname()[1]}"
        mic = subprocess.Popen([MIC, endpoint, record(tmp_path / "noise.wav", noise(1))],
                               stderr=subprocess.PIPE, text=True)
        vm.accept()[0].close()
        _, error = mic.communicate(timeout=60)
    assert mic.returncode == 3
    assert error == f"vmmio-mic-outside: lost the VM at {endpoint}: Connection reset by peer\n"


def check_refused(argv, status, message):
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert message in ended.stderr and ended.stderr.count("\n") == 1
