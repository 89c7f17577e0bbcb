/** Where a program is loaded; any page would do. */
const base = 0x400000n;
const headerBytes = 64 + 56;
/** The first interface that a container gets beside its loopback. */
const firstInterface = 2;

/**
 * A program for Linux on x86-64 that sends one Ethernet frame from the first interface of where it runs, and ends with 0 when
 * the kernel took it, else with 1. Of hand, since neither the image nor a container has anything that sends raw frames.
 */
export function frameSender(frame: Uint8Array): Buffer {
  const code = Buffer.from(
    [
      "b829000000", // mov eax, 41: socket(
      "bf11000000", // mov edi, AF_PACKET
      "be03000000", // mov esi, SOCK_RAW
      "ba00030000", // mov edx, htons(ETH_P_ALL))
      "0f05", // syscall
      "89c7", // mov edi, eax: sendto(socket,
      "488d3500000000", // lea rsi, [rip + frame]
      "ba00000000", // mov edx, its length,
      "4531d2", // xor r10d, r10d: no flags,
      "4c8d0500000000", // lea r8, [rip + address]
      "41b914000000", // mov r9d, its length)
      "b82c000000", // mov eax, 44
      "0f05", // syscall
      "89c7", // mov edi, eax
      "c1ef1f", // shr edi, 31: 1 for an error
      "b83c000000", // mov eax, 60: exit
      "0f05", // syscall
    ].join(""),
    "hex",
  );
  // struct sockaddr_ll: family, protocol, interface, the rest is for the receiver
  const address = Buffer.alloc(20);
  address.writeUInt16LE(17, 0);
  address.writeInt32LE(firstInterface, 4);
  const frameAt = code.indexOf("488d35", 0, "hex");
  const lengthAt = frameAt + 7;
  const addressAt = code.indexOf("4c8d05", 0, "hex");
  code.writeInt32LE(code.length + address.length - (frameAt + 7), frameAt + 3);
  code.writeUInt32LE(frame.length, lengthAt + 1);
  code.writeInt32LE(code.length - (addressAt + 7), addressAt + 3);
  const body = Buffer.concat([code, address, frame]);
  return Buffer.concat([elfHeader(headerBytes + body.length), body]);
}

/** ELF64 with one segment, which is the whole file (elf(5)). */
function elfHeader(sizeBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(62, 18); // EM_X86_64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + BigInt(headerBytes), 24); // entry
  header.writeBigUInt64LE(64n, 32); // program headers
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(5, 68); // readable, executable
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  header.writeBigUInt64LE(BigInt(sizeBytes), 96);
  header.writeBigUInt64LE(BigInt(sizeBytes), 104);
  header.writeBigUInt64LE(0x1000n, 112);
  return header;
}
