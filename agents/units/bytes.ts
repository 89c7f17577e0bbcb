/** Bytes of a MiB (IEC 80000-13). */
export const mebibyte = 2 ** 20;

/** Bytes of a GiB. */
export const gibibyte = 2 ** 30;

/** Bytes of a TiB. */
export const tebibyte = 2 ** 40;
