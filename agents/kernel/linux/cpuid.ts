import { CFunction, dlopen, ptr, toArrayBuffer } from "bun:ffi";
import type { CpuidLeaf } from "../machine.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const pageBytes = 4096;

/**
 * void(uint32_t leaf, uint32_t out[4]) of the System V ABI: there is no other way to the CPU's answer without a
 * kernel module, and /proc/cpuinfo has no room for it.
 */
const machineCode = [
  0x53, // push rbx
  ...[0x89, 0xf8], // mov eax, edi
  ...[0x49, 0x89, 0xf0], // mov r8, rsi
  ...[0x31, 0xc9], // xor ecx, ecx
  ...[0x0f, 0xa2], // cpuid
  ...[0x41, 0x89, 0x00], // mov [r8], eax
  ...[0x41, 0x89, 0x58, 0x04], // mov [r8+4], ebx
  ...[0x41, 0x89, 0x48, 0x08], // mov [r8+8], ecx
  ...[0x41, 0x89, 0x50, 0x0c], // mov [r8+12], edx
  0x5b, // pop rbx
  0xc3, // ret
];

type Ask = (leaf: number, registers: Uint32Array) => void;
let ask: Ask | undefined;

/** The CPU's answer to CPUID, subleaf 0; undefined on other CPUs than x86 or where no code can be laid. */
export function cpuid(leaf: number): CpuidLeaf | undefined {
  if (process.arch !== "x64") {
    return undefined;
  }
  ask ??= prepare();
  if (ask === undefined) {
    return undefined;
  }
  const registers = new Uint32Array(4);
  ask(leaf, registers);
  const [eax = 0, ebx = 0, ecx = 0, edx = 0] = registers;
  return { eax, ebx, ecx, edx };
}

/** Never writable and executable at the same time. The page is kept: the function may be called again. */
function prepare(): Ask | undefined {
  const { mmap, mprotect } = dlopen("libc.so.6", {
    mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
    mprotect: { args: ["ptr", "u64", "i32"], returns: "i32" },
  }).symbols;
  const page = mmap(null, pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  // MAP_FAILED is -1.
  if (page === null || page === -1 || page > Number.MAX_SAFE_INTEGER) {
    return undefined;
  }
  new Uint8Array(toArrayBuffer(page, 0, pageBytes)).set(machineCode);
  if (mprotect(page, pageBytes, PROT_READ | PROT_EXEC) !== 0) {
    return undefined;
  }
  const call = CFunction({ ptr: page, args: ["u32", "ptr"], returns: "void" });
  return (leaf, registers) => call(leaf, ptr(registers));
}
