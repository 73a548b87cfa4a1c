/** A strict reader of the XML that we write: elements, attributes, text and the five entities. Anything else fails the test. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const TOKEN = /<(\/)?([a-z][\w.-]*)((?: [a-z][\w.-]*="[^"<]*")*)(\/)?>|([^<]+)/gy;
const ATTRIBUTE = / ([a-z][\w.-]*)="([^"]*)"/g;
/** Characters of XML 1.0, https://www.w3.org/TR/xml/#charsets. */
const LEGAL = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;
const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

export function readXml(source: string): XmlElement {
  if (!source.startsWith(DECLARATION)) throw new Error('no XML declaration');
  if (!LEGAL.test(source)) throw new Error('a character that XML 1.0 does not allow');
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const tokens = new RegExp(TOKEN);
  tokens.lastIndex = DECLARATION.length;
  while (tokens.lastIndex < source.length) {
    const at = tokens.lastIndex;
    const token = tokens.exec(source);
    const current = open.at(-1) ?? root;
    if (token === null) throw new Error(`no XML: ${source.slice(at, at + 80)}`);
    const [, closing, name, attributes = '', empty, text] = token;
    if (text !== undefined) current.text += plain(text);
    else if (name === undefined) throw new Error('a token without a name');
    else if (closing !== undefined) {
      if (current.name !== name) throw new Error(`</${name}> closes <${current.name}>`);
      open.pop();
    } else {
      const element: Open = { name, attributes: attributesOf(attributes), children: [], text: '' };
      current.children.push(element);
      if (empty === undefined) open.push(element);
    }
  }
  const [document, ...others] = root.children;
  if (open.length > 1) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  if (document === undefined || others.length > 0 || root.text.trim() !== '')
    throw new Error('not one element');
  return document;
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const entries = [...text.matchAll(ATTRIBUTE)].map(
    ([, key = '', value = '']) => [key, plain(value)] as const,
  );
  if (new Set(entries.map(([key]) => key)).size < entries.length)
    throw new Error(`an attribute twice:${text}`);
  return Object.fromEntries(entries);
}

function plain(text: string): string {
  return text.replace(/&([^;\s]*;?)/g, (reference, name: string) => {
    const character = name.endsWith(';') ? CHARACTERS[name.slice(0, -1)] : undefined;
    if (character === undefined) throw new Error(`an unknown entity: ${reference}`);
    return character;
  });
}
