/** What comes first: `result`, or what `late` gives or throws when the time is over. */
export async function orLate<T, L>(
  result: Promise<T>,
  timeoutMs: number,
  late: () => L,
): Promise<T | L> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    return await Promise.race([result, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
