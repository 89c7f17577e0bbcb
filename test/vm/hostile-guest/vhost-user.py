"""The machine's side of vhost-user, for a test that plays the guest's kernel.

Gives a virtiofs daemon memory and two queues, then puts each line of its input (a FUSE request in
hexadecimal) into the request queue, and prints what the daemon answers, in hexadecimal too. Nothing
is checked on the way: a guest whose kernel is hostile checks nothing either. Python, because Node
can't pass file descriptors on (QEMU, docs/interop/vhost-user.rst; virtio 1.2, 2.7 and 5.11).
"""

import os
import select
import socket
import struct
import sys

VERSION = 1
GET_FEATURES, SET_FEATURES, SET_OWNER = 1, 2, 3
SET_MEM_TABLE, SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE = 5, 8, 9, 10
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE = 15, 16, 18
PROTOCOL_FEATURES, VIRTIO_1 = 1 << 30, 1 << 32

SIZE = 16 << 20
QUEUE_SIZE = 16
BASE = 0x100000  # where the "guest" and this process both say that the memory lies
REQUEST, REPLY = 1 << 20, 8 << 20  # places in it
REPLY_ROOM = 2 << 20
NEXT, WRITE = 1, 2

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])


def send(request, payload=b"", fds=()):
    message = struct.pack("<III", request, VERSION, len(payload)) + payload
    socket.send_fds(connection, [message], list(fds))


def ask(request):
    send(request)
    _, _, size = struct.unpack("<III", connection.recv(12, socket.MSG_WAITALL))
    return struct.unpack("<Q", connection.recv(size, socket.MSG_WAITALL))[0]


memory = os.memfd_create("guest")
os.ftruncate(memory, SIZE)
ask(GET_FEATURES)
send(SET_OWNER)
send(SET_FEATURES, struct.pack("<Q", PROTOCOL_FEATURES | VIRTIO_1))
ask(GET_PROTOCOL_FEATURES)
send(SET_PROTOCOL_FEATURES, struct.pack("<Q", 0))
send(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, BASE, SIZE, BASE, 0), [memory])
kicks, calls = [], []
for queue in (0, 1):  # the high-priority one, and the one for requests
    place = BASE + queue * 0x4000
    kick, call = os.eventfd(0), os.eventfd(0)
    kicks.append(kick)
    calls.append(call)
    send(SET_VRING_NUM, struct.pack("<II", queue, QUEUE_SIZE))
    send(SET_VRING_BASE, struct.pack("<II", queue, 0))
    # Descriptors, used ring, available ring.
    send(SET_VRING_ADDR, struct.pack("<IIQQQQ", queue, 0, place, place + 0x2000, place + 0x1000, 0))
    send(SET_VRING_KICK, struct.pack("<Q", queue), [kick])
    send(SET_VRING_CALL, struct.pack("<Q", queue), [call])
    send(SET_VRING_ENABLE, struct.pack("<II", queue, 1))
# The daemon drops a kick that comes before its queue is enabled: it has when it answers this.
ask(GET_FEATURES)

DESCRIPTORS, AVAILABLE, USED = 0x4000, 0x5000, 0x6000
count = 0
for line in sys.stdin:
    request = bytes.fromhex(line)
    os.pwrite(memory, request, REQUEST)
    os.pwrite(memory, bytes(16), REPLY)
    os.pwrite(memory, struct.pack("<QIHH", BASE + REQUEST, len(request), NEXT, 1), DESCRIPTORS)
    os.pwrite(memory, struct.pack("<QIHH", BASE + REPLY, REPLY_ROOM, WRITE, 0), DESCRIPTORS + 16)
    os.pwrite(memory, struct.pack("<H", 0), AVAILABLE + 4 + 2 * (count % QUEUE_SIZE))
    count += 1
    os.pwrite(memory, struct.pack("<HH", 0, count & 0xFFFF), AVAILABLE)
    os.eventfd_write(kicks[1], 1)
    while struct.unpack("<H", os.pread(memory, 2, USED + 2))[0] != count & 0xFFFF:
        if connection in select.select([calls[1], connection], [], [])[0]:
            sys.exit("it closed the connection")
        os.eventfd_read(calls[1])
    # A daemon that refuses a message whole returns it empty.
    slot = USED + 4 + 8 * ((count - 1) % QUEUE_SIZE)
    used = struct.unpack("<II", os.pread(memory, 8, slot))[1]
    length = struct.unpack("<I", os.pread(memory, 4, REPLY))[0] if used else 0
    print(os.pread(memory, length, REPLY).hex(), flush=True)
