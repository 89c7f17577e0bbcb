/**
 * The guest's kernel command line: the image's own words, the host name, and what the person added
 * last, since a later word wins.
 */
export function kernelCommandLine(
  imageWords: string,
  machineName: string,
  addedWords: string,
): string {
  return [imageWords.trim(), `host=${machineName}`, addedWords.trim()]
    .filter((words) => words !== "")
    .join(" ");
}
