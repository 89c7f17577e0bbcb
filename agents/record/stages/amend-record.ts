import type { Kernel } from "../../kernel/kernel.ts";
import { readRecords } from "./read-records.ts";
import { writeRecord } from "./recorder.ts";

/** Gives the record of a stage that has ended another message: what holds now. Nothing when there is no such record. */
export function amendRecord(kernel: Kernel, stage: string, message: string): void {
  const record = readRecords(kernel).records.find((one) => one.stage === stage);
  if (record !== undefined && record.message !== message) {
    writeRecord(kernel, { ...record, message }, "");
  }
}
