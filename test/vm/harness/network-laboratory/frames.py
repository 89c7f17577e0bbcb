"""The far ends of a machine's cables: hands Ethernet frames between the interfaces of this network namespace and its
standard input and output, a line each: the interface's name and the frame in hexadecimal. "open NAME" in front of the first
frame of an interface; the answer is "opened NAME"."""

import select
import socket
import sys

ETH_P_ALL = 3
PACKET_OUTGOING = 4
ends = {}
rest = b""


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def take(line):
    word, _, value = line.partition(" ")
    if word == "open":
        ends.pop(value, None)
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((value, 0))
        ends[value] = end
        say("opened " + value)
    elif word in ends:
        try:
            ends[word].send(bytes.fromhex(value))
        except OSError:
            # The cable is out.
            pass


while True:
    ready, _, _ = select.select([sys.stdin.fileno(), *ends.values()], [], [])
    for one in ready:
        if isinstance(one, int):
            data = sys.stdin.buffer.raw.read(65536)
            if not data:
                sys.exit(0)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                take(line.decode())
            continue
        try:
            frame, address = one.recvfrom(65536)
        except OSError:
            # ENETDOWN: the cable was pulled.
            continue
        if address[2] != PACKET_OUTGOING:
            name = next(name for name, end in ends.items() if end is one)
            say(name + " " + frame.hex())
