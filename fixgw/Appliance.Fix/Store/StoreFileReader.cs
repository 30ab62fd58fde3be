namespace Appliance.Fix;

/// <summary>Reads the files of a store that nobody need hold: every message of both directions, in the order in which it was stored. For tools; it allocates.</summary>
public static unsafe class StoreFileReader
{
    /// <summary>True when the file holds a store's numbers.</summary>
    public static bool IsStore(string path) => FileCalls.Read(path, 8) is { Length: 8 } head && BitConverter.ToUInt64(head) == SequenceStore.Magic;

    public static IEnumerable<(StoredMessage About, byte[] Message)> Read(string path)
    {
        byte[] numbers = FileCalls.Read(path);
        if (numbers.Length < SequenceStore.SaltAt + 8 || !SealedWord.TryOpen(BitConverter.ToUInt64(numbers, SequenceStore.SaltAt), out ulong salt))
            throw new InvalidDataException($"{path}: the header of this sequence store is damaged");
        var segments = new List<(long Ordinal, string File)>();
        for (int i = 0; File.Exists(SegmentPath(path, i)); i++)
        {
            long ordinal = OrdinalOf(SegmentPath(path, i), (uint)salt);
            if (ordinal > 0) segments.Add((ordinal, SegmentPath(path, i)));
        }
        foreach (var (ordinal, file) in segments.OrderBy(s => s.Ordinal))
        {
            byte[] segment = FileCalls.Read(file);
            int at = StoreSegment.HeadBytes;
            while (Next(segment, ref at, StoreSegment.SeedOf((uint)salt, ordinal)) is { } found) yield return found;
        }
    }

    /// <summary>As a line of the message log begins: UTC time and direction.</summary>
    public static string Describe(in StoredMessage message)
    {
        Span<byte> time = stackalloc byte[FixTimestamp.MaxLength];
        new FixTimestamp(microseconds: true).Write(time, Math.Max(0, message.TimeUtcNs));
        return $"{System.Text.Encoding.ASCII.GetString(time)} {(message.Direction == StoreDirection.Out ? "out" : "in")}";
    }

    private static string SegmentPath(string path, int slot) => $"{path}.{slot.ToString("0000", System.Globalization.CultureInfo.InvariantCulture)}";

    private static long OrdinalOf(string file, uint salt)
    {
        byte[] head = FileCalls.Read(file, StoreSegment.HeadBytes);
        if (head.Length < StoreSegment.HeadBytes)
            return 0;
        fixed (byte* at = head) return StoreSegment.ReadHead(at, salt);
    }

    private static (StoredMessage, byte[])? Next(byte[] segment, ref int at, uint seed)
    {
        fixed (byte* from = segment)
        {
            int found = StoreSegment.NextWhole(from, at, segment.Length, seed);
            if (found < 0)
                return null;
            var record = (StoreRecord*)(from + found);
            at = found + StoreRecord.SizeOf(record->Length);
            return (new StoredMessage(record->Direction, record->Sequence, record->TimeUtcNs, record->Length), StoreRecord.Message(record).ToArray());
        }
    }
}
