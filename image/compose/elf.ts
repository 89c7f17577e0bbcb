// Written by hand: ldd runs the target's loader, and for a few fields no build machine has to have binutils.

import { closeSync, openSync, readSync } from "node:fs";

/** What a program or library says about itself (ELF specification, "Dynamic Section"). */
export interface ElfFacts {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  machine: number;
  /** The program that loads it, like /lib64/ld-linux-x86-64.so.2. */
  interpreter: string | undefined;
  /** Names of the libraries it needs. */
  needed: string[];
}

const ptLoad = 1;
const ptDynamic = 2;
const ptInterp = 3;
const dtNull = 0;
const dtNeeded = 1;
const dtStrtab = 5;

interface Segment {
  type: number;
  offset: number;
  address: number;
  sizeBytes: number;
}

/** Reads the facts of a 64-bit little-endian ELF file; undefined for any other file. */
export function readElf(path: string): ElfFacts | undefined {
  const file = openSync(path, "r");
  try {
    return parseElf((offset, sizeBytes) => {
      const bytes = Buffer.alloc(sizeBytes);
      const readBytes = readSync(file, bytes, 0, sizeBytes, offset);
      return bytes.subarray(0, readBytes);
    });
  } finally {
    closeSync(file);
  }
}

/** Reads ELF facts through a function that gives bytes at an offset (fewer at the file's end). */
export function parseElf(
  read: (offset: number, sizeBytes: number) => Buffer,
): ElfFacts | undefined {
  const header = read(0, 64);
  const isElf64 = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2;
  if (!isElf64 || header[5] !== 1) {
    return undefined;
  }
  const segments = readSegments(header, read);
  const interpreter = segments.find(({ type }) => type === ptInterp);
  const dynamic = segments.find(({ type }) => type === ptDynamic);
  return {
    machine: header.readUInt16LE(18),
    interpreter: interpreter && textAt(read(interpreter.offset, interpreter.sizeBytes), 0),
    needed: dynamic ? readNeeded(dynamic, segments, read) : [],
  };
}

function readSegments(header: Buffer, read: (offset: number, size: number) => Buffer): Segment[] {
  const tableOffset = Number(header.readBigUInt64LE(32));
  const entryBytes = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = read(tableOffset, entryBytes * count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      sizeBytes: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

function readNeeded(
  dynamic: Segment,
  segments: Segment[],
  read: (offset: number, size: number) => Buffer,
): string[] {
  const table = read(dynamic.offset, dynamic.sizeBytes);
  const names: number[] = [];
  let stringsAddress: number | undefined;
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = Number(table.readBigInt64LE(at));
    const value = Number(table.readBigUInt64LE(at + 8));
    if (tag === dtNull) {
      break;
    }
    if (tag === dtNeeded) {
      names.push(value);
    }
    if (tag === dtStrtab) {
      stringsAddress = value;
    }
  }
  if (stringsAddress === undefined) {
    return [];
  }
  const address = stringsAddress;
  const holder = segments.find(
    (one) => one.type === ptLoad && address >= one.address && address < one.address + one.sizeBytes,
  );
  if (!holder) {
    return [];
  }
  const stringsOffset = holder.offset + (address - holder.address);
  return names.map((name) => textAt(read(stringsOffset + name, 256), 0));
}

function textAt(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString("utf8", start, end < 0 ? bytes.length : end);
}
