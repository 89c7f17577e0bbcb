import type { AutomountOptions } from "../../../settings/options/automount.ts";
import type { Disk } from "../../disk/disk.ts";
import type { RowId } from "../rows.ts";

/** A row of the truth table: disks and options, then the case and which disk is formatted or mounted. */
export interface Case {
  name: string;
  disks: Disk[];
  options?: Partial<AutomountOptions>;
  elsewhereThanVm?: boolean;
  /** Which machine it is. */
  machine?: string;
  row: RowId | undefined;
  /** Case of each disk that is not used. */
  notes?: Record<string, RowId>;
  /** The disk whose bytes outside any filesystem are changed. */
  formats?: string;
  /** "sda 1": disk and number of the partition, 0 for the whole disk. */
  mounts?: string;
}
