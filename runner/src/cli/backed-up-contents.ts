/** The folder of a backup's contents of files. */
export function backedUpContents(file: string): string {
  return `${file}.files`;
}
