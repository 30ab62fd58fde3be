using Appliance.Contract;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Appliance.Ingest.Journal;

/// <summary>A file that the run depended on, byte for byte.</summary>
/// <param name="Name">As the user knows it, e.g. the path on the command line.</param>
public sealed record PinnedFile(string Name, ReadOnlyMemory<byte> Bytes)
{
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Bytes.Span));
}

/// <summary>A position that was open when the run began.</summary>
/// <param name="AveragePriceUnits">What it cost on average, in the instrument's price units; 0 when unknown.</param>
public readonly record struct OpeningPosition(ushort Portfolio, ushort Instrument, long QuantityUnits, long AveragePriceUnits);

/// <summary>Everything outside the ring that a decision depends on (DESIGN: the ring rule), pinned before the first event.</summary>
public sealed record JournalHeader
{
    private const uint TagDesk = 1, TagProfile = 2, TagPolicy = 3, TagPositions = 4, TagBuild = 5, TagInstructionSet = 6;
    private const int PositionBytes = 24;

    public required PinnedFile Desk { get; init; }
    public required PinnedFile Profile { get; init; }
    public IReadOnlyList<PinnedFile> Policies { get; init; } = [];
    public IReadOnlyList<OpeningPosition> OpeningPositions { get; init; } = [];
    public required uint InstrumentCount { get; init; }
    public required ulong OrderIdEpoch { get; init; }
    /// <summary>Version and commit of the program that recorded.</summary>
    public required string Build { get; init; }
    /// <summary>What the kernels ran on, e.g. "x64 AVX-512": floating point is only promised to be equal on the same one.</summary>
    public required string InstructionSet { get; init; }
    public long StartedUtcNs { get; init; }
    /// <summary>Ring sequence of the first record; set by the writer.</summary>
    public long FirstSequence { get; init; }

    /// <summary>What differs between a recorded header and the one a replay would write, in words; empty when a replay must give the same orders.</summary>
    public IReadOnlyList<string> DifferencesTo(JournalHeader replay)
    {
        var differences = new List<string>();
        CompareFile("desk file", Desk, replay.Desk);
        CompareFile("profile", Profile, replay.Profile);
        if (Policies.Count != replay.Policies.Count) differences.Add($"policies: recorded {Policies.Count}, now {replay.Policies.Count}");
        for (int i = 0; i < Math.Min(Policies.Count, replay.Policies.Count); i++) CompareFile($"policy {i + 1}", Policies[i], replay.Policies[i]);
        if (!OpeningPositions.SequenceEqual(replay.OpeningPositions)) differences.Add("opening positions");
        Compare("instruments", InstrumentCount.ToString(), replay.InstrumentCount.ToString());
        Compare("order-identifier epoch", OrderIdEpoch.ToString(), replay.OrderIdEpoch.ToString());
        Compare("build", Build, replay.Build);
        Compare("instruction set", InstructionSet, replay.InstructionSet);
        return differences;

        void CompareFile(string what, PinnedFile recorded, PinnedFile now)
        {
            if (!recorded.Bytes.Span.SequenceEqual(now.Bytes.Span))
                differences.Add($"{what}: recorded {recorded.Name} (sha256 {recorded.Sha256}), now {now.Name} (sha256 {now.Sha256})");
        }

        void Compare(string what, string recorded, string now)
        {
            if (recorded != now) differences.Add($"{what}: recorded {recorded}, now {now}");
        }
    }

    internal byte[] Encode()
    {
        var sections = new List<(uint Tag, byte[] Bytes)> { (TagDesk, EncodeFile(Desk)), (TagProfile, EncodeFile(Profile)) };
        foreach (PinnedFile policy in Policies) sections.Add((TagPolicy, EncodeFile(policy)));
        sections.Add((TagPositions, EncodePositions()));
        sections.Add((TagBuild, Encoding.UTF8.GetBytes(Build)));
        sections.Add((TagInstructionSet, Encoding.UTF8.GetBytes(InstructionSet)));

        int bodyBytes = sections.Sum(section => 8 + Padded(section.Bytes.Length));
        int headerBytes = (JournalFormat.HeaderPrefixBytes + bodyBytes + 4 + JournalFormat.HeaderAlignmentBytes - 1)
            / JournalFormat.HeaderAlignmentBytes * JournalFormat.HeaderAlignmentBytes;
        if (headerBytes > JournalFormat.HeaderBytesMax) throw new InvalidOperationException($"The journal's header would be {headerBytes:N0} bytes long.");

        var bytes = new byte[headerBytes];
        Span<byte> prefix = bytes;
        JournalFormat.Magic.CopyTo(prefix);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], JournalFormat.FormatVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[12..], (uint)headerBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[16..], JournalFormat.RecordBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[20..], RingEvent.SizeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[24..], InstrumentCount);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[28..], (uint)sections.Count);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[32..], FirstSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(prefix[40..], OrderIdEpoch);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[48..], StartedUtcNs);
        int at = JournalFormat.HeaderPrefixBytes;
        foreach ((uint tag, byte[] section) in sections)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), tag);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at + 4), (uint)section.Length);
            section.CopyTo(bytes, at + 8);
            at += 8 + Padded(section.Length);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(headerBytes - 4), JournalFormat.Checksum(bytes.AsSpan(0, headerBytes - 4)));
        return bytes;
    }

    /// <summary>Checks the fixed prefix of a file that may be anything.</summary>
    /// <returns>The header's length, or 0 with <paramref name="error"/> in words.</returns>
    internal static int CheckPrefix(ReadOnlySpan<byte> prefix, out string? error)
    {
        error = null;
        if (prefix.Length == 0) error = "the file is empty";
        else if (!prefix.StartsWith(JournalFormat.Magic[..Math.Min(prefix.Length, JournalFormat.Magic.Length)])) error = "this is no journal (it does not begin with HEDGJNL)";
        else if (prefix.Length < JournalFormat.HeaderPrefixBytes) error = $"the file ends inside the journal's header, after {prefix.Length} bytes";
        if (error is not null) return 0;

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(prefix[8..]);
        uint headerBytes = BinaryPrimitives.ReadUInt32LittleEndian(prefix[12..]);
        uint recordBytes = BinaryPrimitives.ReadUInt32LittleEndian(prefix[16..]);
        uint eventBytes = BinaryPrimitives.ReadUInt32LittleEndian(prefix[20..]);
        if (version != JournalFormat.FormatVersion)
            error = $"the journal has format version {version}; this build reads version {JournalFormat.FormatVersion}";
        else if (recordBytes != JournalFormat.RecordBytes || eventBytes != RingEvent.SizeBytes)
            error = $"the journal has records of {recordBytes} bytes with events of {eventBytes}; this build reads {JournalFormat.RecordBytes} and {RingEvent.SizeBytes}";
        else if (headerBytes < JournalFormat.HeaderPrefixBytes + 4 || headerBytes > JournalFormat.HeaderBytesMax || headerBytes % JournalFormat.HeaderAlignmentBytes != 0)
            error = $"the journal's header states a length of {headerBytes} bytes, which cannot be";
        return error is null ? (int)headerBytes : 0;
    }

    /// <summary>Decodes a whole header whose prefix has been checked.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out JournalHeader? header, out string? error)
    {
        header = null;
        uint stated = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        if (JournalFormat.Checksum(bytes[..^4]) != stated)
        {
            error = "the journal's header is damaged (checksum failure in bytes 0 to " + (bytes.Length - 1) + ")";
            return false;
        }
        PinnedFile? desk = null, profile = null;
        string? build = null, instructionSet = null;
        var policies = new List<PinnedFile>();
        var positions = new List<OpeningPosition>();
        uint sections = BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
        int at = JournalFormat.HeaderPrefixBytes;
        for (uint i = 0; i < sections; i++)
        {
            // The checksum held, so a length that does not fit is a writer's bug and may crash.
            uint tag = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 4)..]);
            ReadOnlySpan<byte> section = bytes.Slice(at + 8, length);
            switch (tag)
            {
                case TagDesk: desk = DecodeFile(section); break;
                case TagProfile: profile = DecodeFile(section); break;
                case TagPolicy: policies.Add(DecodeFile(section)); break;
                case TagPositions: DecodePositions(section, positions); break;
                case TagBuild: build = Encoding.UTF8.GetString(section); break;
                case TagInstructionSet: instructionSet = Encoding.UTF8.GetString(section); break;
                default:
                    // A later minor addition: what this build does not know cannot be part of what it replays from.
                    break;
            }
            at += 8 + Padded(length);
        }
        if (desk is null || profile is null || build is null || instructionSet is null)
        {
            error = "the journal's header lacks the desk file, the profile, the build or the instruction set";
            return false;
        }
        error = null;
        header = new JournalHeader
        {
            Desk = desk,
            Profile = profile,
            Policies = policies,
            OpeningPositions = positions,
            Build = build,
            InstructionSet = instructionSet,
            InstrumentCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
            FirstSequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            OrderIdEpoch = BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            StartedUtcNs = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
        };
        return true;
    }

    private static int Padded(int length) => (length + 7) & ~7;

    /// <summary>Name length, name, SHA-256, bytes. The hash is redundant beside the bytes; it is there for tools that only list journals.</summary>
    private static byte[] EncodeFile(PinnedFile file)
    {
        byte[] name = Encoding.UTF8.GetBytes(file.Name);
        var section = new byte[4 + name.Length + 32 + file.Bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(section, name.Length);
        name.CopyTo(section, 4);
        SHA256.HashData(file.Bytes.Span, section.AsSpan(4 + name.Length));
        file.Bytes.Span.CopyTo(section.AsSpan(4 + name.Length + 32));
        return section;
    }

    private static PinnedFile DecodeFile(ReadOnlySpan<byte> section)
    {
        int nameBytes = BinaryPrimitives.ReadInt32LittleEndian(section);
        return new PinnedFile(Encoding.UTF8.GetString(section.Slice(4, nameBytes)), section[(4 + nameBytes + 32)..].ToArray());
    }

    private byte[] EncodePositions()
    {
        var section = new byte[OpeningPositions.Count * PositionBytes];
        for (int i = 0; i < OpeningPositions.Count; i++)
        {
            Span<byte> one = section.AsSpan(i * PositionBytes, PositionBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(one, OpeningPositions[i].Portfolio);
            BinaryPrimitives.WriteUInt16LittleEndian(one[2..], OpeningPositions[i].Instrument);
            BinaryPrimitives.WriteInt64LittleEndian(one[8..], OpeningPositions[i].QuantityUnits);
            BinaryPrimitives.WriteInt64LittleEndian(one[16..], OpeningPositions[i].AveragePriceUnits);
        }
        return section;
    }

    private static void DecodePositions(ReadOnlySpan<byte> section, List<OpeningPosition> positions)
    {
        for (; section.Length >= PositionBytes; section = section[PositionBytes..])
            positions.Add(new OpeningPosition(
                BinaryPrimitives.ReadUInt16LittleEndian(section), BinaryPrimitives.ReadUInt16LittleEndian(section[2..]),
                BinaryPrimitives.ReadInt64LittleEndian(section[8..]), BinaryPrimitives.ReadInt64LittleEndian(section[16..])));
    }
}
