import { runTool } from "../tool/run-tool.ts";

/** A suite at a URL, as an apt source of the build machine names them. */
export interface AptSource {
  /** Without a slash at the end. */
  url: string;
  suite: string;
}

/**
 * The package sources that are on in this machine's apt, in its order, in whatever form they are written
 * (sources.list(5)); apt-get itself reads them. `folder` is for another than /etc/apt.
 * @throws BuildError with apt's own words about a source that it can't read.
 */
export async function readAptSources(folder?: string): Promise<AptSource[]> {
  const { stdout } = await runTool(
    "apt-get",
    [
      "indextargets",
      // Also those of which apt-get update has fetched nothing yet.
      "--no-release-info",
      ...(folder === undefined ? [] : ["-o", `Dir::Etc=${folder}`]),
      ...["--format", "$(SITE)\t$(RELEASE)"],
      "Created-By: Packages",
    ],
    { purpose: "read this machine's apt sources (not needed with --mirror URL)" },
  );
  const sources = new Map<string, AptSource>();
  for (const line of stdout.split("\n")) {
    const [site, suite] = line.split("\t");
    if (site && suite) {
      // apt lists each component and architecture of a source.
      sources.set(line, { url: site.replace(/\/+$/, ""), suite });
    }
  }
  return [...sources.values()];
}
