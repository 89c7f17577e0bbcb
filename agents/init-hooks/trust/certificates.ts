import { X509Certificate } from "node:crypto";

const pem = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/**
 * The certificates in a PEM file, each as a block of its own. Other blocks (keys) and text between are left out.
 * Throws in one line when there is none, or when one is damaged.
 */
export function certificatesOf(text: string): string[] {
  const blocks = [...text.matchAll(pem)].filter(([, kind]) => kind === "CERTIFICATE");
  if (blocks.length === 0) {
    throw new Error("it contains no certificate");
  }
  return blocks.map(([block], index) => {
    try {
      // Throws for what is no certificate; what we give on is the text as it was.
      new X509Certificate(block);
    } catch (error) {
      throw new Error(`its certificate ${index + 1} is damaged`, { cause: error });
    }
    return `${block.trim()}\n`;
  });
}
