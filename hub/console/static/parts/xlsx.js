// A workbook of one sheet, written by hand: an XLSX is a zip of small XML files, and stored (uncompressed) entries are
// allowed. ECMA-376 part 1 (SpreadsheetML), PKWARE APPNOTE 4.3 (zip). Texts are inline strings, so nothing is a formula.
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const OFFICE = 'http://schemas.openxmlformats.org';
const FIXED = {
  '[Content_Types].xml': `${HEAD}<Types xmlns="${OFFICE}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
  '_rels/.rels': `${HEAD}<Relationships xmlns="${OFFICE}/package/2006/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${HEAD}<workbook xmlns="${OFFICE}/spreadsheetml/2006/main" xmlns:r="${OFFICE}/officeDocument/2006/relationships"><sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${OFFICE}/package/2006/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
};
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
// eslint-disable-next-line no-control-regex -- XML 1.0 forbids these outright
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const cell = (value) => {
  if (value === null || value === undefined || value === '') return '<c/>';
  if (typeof value === 'number') return Number.isFinite(value) ? `<c><v>${value}</v></c>` : '<c/>';
  const words = String(value).replace(FORBIDDEN, '').replace(/[&<>"]/g, (sign) => ESCAPES[sign]);
  return `<c t="inlineStr"><is><t xml:space="preserve">${words}</t></is></c>`;
};

function sheet(lines) {
  const rows = lines.map((line) => `<row>${line.map(cell).join('')}</row>`).join('');
  return `${HEAD}<worksheet xmlns="${OFFICE}/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`;
}

const CRC = Uint32Array.from({ length: 256 }, (_, number) => {
  let sum = number;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum >>> 0;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

// 4- and 2-byte numbers, least significant first
const bytesOf = (fields) => new Uint8Array(fields.flatMap(([size, value]) => Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff)));
const UTF8_NAMES = 0x0800;
const DAY_ONE = 0x0021; // 1980-01-01

function zip(files) {
  const encoder = new TextEncoder();
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const label = encoder.encode(name);
    const data = encoder.encode(text);
    const shared = [[2, UTF8_NAMES], [2, 0], [2, 0], [2, DAY_ONE], [4, crc32(data)], [4, data.length], [4, data.length], [2, label.length], [2, 0]];
    const local = bytesOf([[4, 0x04034b50], [2, 20], ...shared]);
    parts.push(local, label, data);
    directory.push(bytesOf([[4, 0x02014b50], [2, 20], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += local.length + label.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = Object.keys(files).length;
  const end = bytesOf([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]]);
  return [...parts, ...directory, end];
}

/** A Blob with one sheet; lines: [[cell]], the first one the head. Numbers stay numbers. */
export function workbook(lines) {
  return new Blob(zip({ ...FIXED, 'xl/worksheets/sheet1.xml': sheet(lines) }), { type: TYPE });
}
