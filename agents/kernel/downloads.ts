/** What a server answers. */
export interface Download {
  /** Offset of the first byte that comes: 0 when the server doesn't resume. */
  fromByte: number;
  /** Of the whole file; undefined when the server doesn't say. */
  totalBytes: number | undefined;
  parts: AsyncIterable<Uint8Array>;
}

/** Files of HTTP servers. */
export interface Downloads {
  /**
   * Asks for a file from a byte on. Undefined when the server has none. Throws an Error in words when it can't be
   * reached, isn't who it says (TLS, by the certificates of this system), or refuses.
   */
  download(url: string, fromByte: number): Promise<Download | undefined>;
}
