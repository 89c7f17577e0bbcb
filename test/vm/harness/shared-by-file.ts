type CleanUp = () => unknown;

/**
 * A fixture of vitest's that all tests of a file share, made when the first of them asks for it:
 * `test.extend("name", ...sharedByFile(make))`. What `make` hands to its parameter is done at the end, the last
 * first, also when `make` itself fails half-way.
 */
export function sharedByFile<T>(make: (atTheEnd: (cleanUp: CleanUp) => void) => Promise<T>) {
  const fixture = async (
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which others it needs
    {}: object,
    { onCleanup }: { onCleanup: (cleanUp: () => Promise<void>) => void },
  ): Promise<T> => {
    const cleanUps: CleanUp[] = [];
    const cleanUp = async () => {
      for (const one of cleanUps.toReversed()) {
        await one();
      }
    };
    onCleanup(cleanUp);
    try {
      return await make((one) => cleanUps.push(one));
    } catch (error) {
      // Vitest cleans up only after a fixture that was made.
      await cleanUp();
      throw error;
    }
  };
  return [{ scope: "file" }, fixture] as const;
}
