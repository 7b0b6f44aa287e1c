// Parses PowerShell scripts, and refuses what Windows PowerShell 5.1 does not know:
// `node tests/powershell.mjs MODULES FILE…`, where MODULES is the folder that npm filled.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, ...files] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Parser, Language } = require("web-tree-sitter");
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(require.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm")));

/** Why Windows PowerShell 5.1 would stumble over a node; nothing if it would not. */
function trouble(node) {
  if (node.isError) return "this does not parse";
  if (node.isMissing) return `\`${node.type}\` is missing`;
  if (node.type === "pipeline_chain_tail") return "`&&` and `||` came with PowerShell 7";
  return undefined;
}

function* nodes(node) {
  yield node;
  for (const child of node.children) yield* nodes(child);
}

let wrong = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const complain = (line, column, what) => {
    console.error(`${file}:${line}:${column}: ${what}`);
    wrong += 1;
  };
  text.split("\n").forEach((line, number) => {
    const odd = line.search(/[^\t\x20-\x7e\r]/);
    if (odd >= 0) complain(number + 1, odd + 1, "Windows PowerShell 5.1 reads only ASCII rightly");
  });
  for (const node of nodes(parser.parse(text).rootNode)) {
    const what = trouble(node);
    if (what) complain(node.startPosition.row + 1, node.startPosition.column + 1, what);
  }
  console.log(file);
}
process.exit(wrong ? 1 : 0);
