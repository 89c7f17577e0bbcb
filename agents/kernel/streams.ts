/** Bytes in both directions: a connection, or the standard input and output of this process. */
export interface ByteStream {
  /** The next bytes; undefined when no more come. */
  read(): Promise<Uint8Array | undefined>;
  /** Puts bytes back in front of what is read next. */
  unread(bytes: Uint8Array): void;
  /** Resolves when there is room for more. Throws a KernelError when the other side is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more is written; what comes can still be read. */
  end(): void;
  close(): void;
  /** Aborted once nothing can be read or written any more. */
  readonly gone: AbortSignal;
}

/** Connections that are accepted, not only waited for, and files of any length. */
export interface Streams {
  /** Connects to a unix socket. Throws a KernelError. */
  connectStream(path: string): Promise<ByteStream>;
  /** Accepts at a listening socket that this process was started with, from users by uid. Gives a function that ends it. */
  acceptStreams(fd: number, onStream: (stream: ByteStream, uid: number) => void): () => void;
  /** Standard input and output of this process. */
  standardStream(): ByteStream;
  /** A file's content, a part at a time, and its length. Throws a KernelError. */
  openFile(path: string): { lengthBytes: number; parts(): AsyncIterable<Uint8Array> };
  /** A new file, mode 0600, that isn't there yet. Throws a KernelError. */
  createFile(path: string): { append(bytes: Uint8Array): void; close(): void };
}
