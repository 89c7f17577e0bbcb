import { Composer, type CST, Lexer, Parser } from "yaml";

/** Bounds on what a person could write; the parser's time and memory follow from them. */
const maxLexemes = 30_000;
const maxDepth = 64;
const maxAliases = 100;
/** Lines of flow collections that are moved, and lexemes that are read again for that. */
const maxMoves = 500;
const maxLexemesRead = 300_000;
/** What the lexer says before a scalar, and where a flow collection breaks off; neither stands in the text. */
const scalarMark = "\u001f";
const documentMark = "\u0002";
const brokenFlowMark = "\u0018";

/**
 * Reads YAML (and so JSON) as PyYAML's safe_load does, which cloud-init uses, but for one thing: each scalar stays the
 * text that it is, so that no name becomes a number or a date. Of a name that stands twice the last one counts, and
 * "<<" merges. Undefined for an empty text.
 *
 * Throws an Error with the line where it is no YAML, and for more lexemes, depth or aliases than people write.
 */
export function readYaml(text: string): unknown {
  const source = withIndentedFlow(text);
  const documents = [...new Composer(options).compose(tokensOf(source))].filter(
    ({ contents, errors }) => contents !== null || errors.length > 0,
  );
  const [document, second] = documents;
  const error = document?.errors[0];
  if (error !== undefined) {
    throw new Error(`line ${lineAt(source, error.pos[0])}: ${oneSentence(error.message)}`);
  }
  if (second !== undefined) {
    throw new Error(`line ${lineAt(source, second.range[0])}: a second document starts`);
  }
  return document?.toJS({ maxAliasCount: maxAliases });
}

const options = {
  version: "1.1",
  schema: "failsafe",
  merge: true,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

function tokensOf(source: string): CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of boundedLexemes(source)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > maxDepth) {
      throw new Error(`line ${lineAt(source, parser.offset)}: nested more than ${maxDepth} deep`);
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

function* boundedLexemes(source: string): Generator<string> {
  let count = 0;
  let aliases = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(source)) {
    count += 1;
    aliases += !isScalar && lexeme.startsWith("*") ? 1 : 0;
    if (count > maxLexemes || aliases > maxAliases) {
      throw new Error(
        count > maxLexemes
          ? `more than ${maxLexemes} words and signs`
          : `more than ${maxAliases} aliases`,
      );
    }
    isScalar = lexeme === scalarMark;
    yield lexeme;
  }
}

/**
 * The text with lines within brackets moved to the right where they stand left of what the brackets belong to. YAML
 * forbids that, but PyYAML reads it and people write it ("users: [{", …, "}]"). Blanks before such a line mean nothing.
 */
function withIndentedFlow(text: string): string {
  let source = text;
  let budget = maxLexemesRead;
  for (let moves = 0; moves < maxMoves && budget > 0; moves += 1) {
    let offset = 0;
    let isScalar = false;
    let brokenAt: number | undefined;
    for (const lexeme of boundedLexemes(source)) {
      budget -= 1;
      if (!isScalar && lexeme === brokenFlowMark) {
        brokenAt = offset;
        break;
      }
      if (isScalar || (lexeme !== scalarMark && lexeme !== documentMark)) {
        offset += lexeme.length;
      }
      isScalar = !isScalar && lexeme === scalarMark;
    }
    if (
      brokenAt === undefined ||
      /^(---|\.\.\.)(\s|$)/.test(source.slice(brokenAt, brokenAt + 4))
    ) {
      return source;
    }
    source = `${source.slice(0, brokenAt)}${" ".repeat(maxDepth)}${source.slice(brokenAt)}`;
  }
  return source;
}

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}

function oneSentence(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}
