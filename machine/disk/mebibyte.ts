/** Bytes in a MiB. */
export const MEBIBYTE = 2 ** 20;
