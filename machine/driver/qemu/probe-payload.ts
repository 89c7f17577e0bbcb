/** The smallest guest that ends by itself. */
export interface ProbePayload {
  /** The file's bytes. */
  bytes(): Buffer;
  /** QEMU's arguments besides the accelerator, given the file's path. */
  argumentsFor(path: string): string[];
  /** QEMU's exit status when the guest ran. */
  readonly exitCode: number;
}

/** A ROM ends at 4 GiB and must be a multiple of 64 KiB. */
const romBytes = 65_536;
/** Where an x86 processor starts: 16 bytes before the end of the ROM. */
const resetOffset = romBytes - 16;
const exitPort = 0xf4;
const exitValue = 0x10;

/**
 * A ROM whose first instructions write to the isa-debug-exit device, which makes QEMU exit with
 * (value << 1) | 1. No BIOS runs, so the answer comes within milliseconds.
 */
export const amd64Payload: ProbePayload = {
  bytes() {
    const rom = Buffer.alloc(romBytes);
    // mov al, EXIT_VALUE; out EXIT_PORT, al; hlt; jmp to the hlt
    Buffer.from([0xb0, exitValue, 0xe6, exitPort, 0xf4, 0xeb, 0xfd]).copy(rom, resetOffset);
    return rom;
  },
  argumentsFor: (path) => [
    ...["-machine", "pc", "-m", "16", "-bios", path],
    ...["-device", `isa-debug-exit,iobase=${exitPort},iosize=4`],
  ],
  exitCode: (exitValue << 1) | 1,
};

/**
 * Four instructions that ask the hypervisor to switch the machine off (PSCI 1.0, SYSTEM_OFF),
 * put into memory and started there by the generic loader.
 */
export const arm64Payload: ProbePayload = {
  bytes() {
    const code = Buffer.alloc(16);
    code.writeUInt32LE(0x52b0_8000, 0); // movz w0, #0x8400, lsl #16
    code.writeUInt32LE(0x7280_0100, 4); // movk w0, #0x0008
    code.writeUInt32LE(0xd400_0002, 8); // hvc #0
    code.writeUInt32LE(0x1400_0000, 12); // b .
    return code;
  },
  argumentsFor: (path) => [
    ...["-machine", "virt", "-m", "64"],
    ...["-device", `loader,file=${path.replaceAll(",", ",,")},addr=0x40200000,cpu-num=0`],
  ],
  exitCode: 0,
};
