import { crc32, deflateRawSync } from 'node:zlib';

/** @returns a zip of these files, deflated. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, content] = [Buffer.from(name), Buffer.from(text)];
    const packed = deflateRawSync(content);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    describe(head, 6, { content, packed, path });
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    describe(entry, 8, { content, packed, path });
    entry.writeUInt32LE(offset, 42);
    parts.push(head, path, packed);
    directory.push(entry, path);
    offset += head.length + path.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length / 2, 8);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** The fields that local header and directory entry share, from the flags on. */
function describe(
  header: Buffer,
  at: number,
  { content, packed, path }: { content: Buffer; packed: Buffer; path: Buffer },
) {
  header.writeUInt16LE(0, at);
  header.writeUInt16LE(8, at + 2);
  header.writeUInt32LE(crc32(content), at + 8);
  header.writeUInt32LE(packed.length, at + 12);
  header.writeUInt32LE(content.length, at + 16);
  header.writeUInt16LE(path.length, at + 20);
}
