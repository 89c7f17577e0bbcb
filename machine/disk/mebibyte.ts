/** Bytes in a MiB. */
export const mebibyte = 2 ** 20;
