using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// The order of fields that a peer was seen to use for one kind of message. A peer's program writes a message the same way each time, so the next one is compared with it, eight bytes a field, instead
/// of being parsed; where the fields wanted stand is then known. It is learned from a message that the plain reader found sound, and holds only for messages with the very same tags in the very same order, none of
/// which announces data: for those the plain reader would find the same fields.
/// </summary>
internal sealed class MessageShape
{
    /// <summary>More fields than this, and the message is read plainly. Reports of venues have 20 to 60.</summary>
    public const int MaxFields = 96;
    /// <summary>The longest tag with its '=' that fits a word.</summary>
    private const int MaxTagBytes = 8;

    private struct Tag
    {
        public ulong Bytes, Mask;
    }

    private readonly Tag[] _tags = new Tag[MaxFields];
    // For each known field its index among the message's fields, and the bytes of its tag and '='; index 0, BeginString, stands for absent.
    private readonly Place[] _places = new Place[(int)KnownField.Count];

    internal struct Place
    {
        public byte Index, TagBytes;
    }

    /// <summary>Fields of the message, and its type as packed by <see cref="FixMsgType"/>; 0 as long as nothing was learned.</summary>
    public int Count { get; private set; }
    public uint Type { get; private set; }
    /// <summary>Index of the body's first field.</summary>
    public int Body { get; private set; }
    /// <summary>The header has the fields that every header has, each once, and no others.</summary>
    public bool HasUsualHeader { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Place PlaceOf(KnownField field) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_places), (int)field);

    /// <summary>Whether the fields that begin at these places are this shape's. The first three and the last are the frame's affair, and were looked at.</summary>
    /// <param name="starts">Where each field begins; <see cref="Count"/> of them. Eight bytes may be read from each but the last.</param>
    public bool Matches(ref byte message, ref ushort starts)
    {
        ulong wrong = 0;
        ref Tag tag = ref MemoryMarshal.GetArrayDataReference(_tags);
        for (int i = 3; i < Count - 1; i++)
            wrong |= (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref message, Unsafe.Add(ref starts, i))) ^ Unsafe.Add(ref tag, i).Bytes) & Unsafe.Add(ref tag, i).Mask;
        return wrong == 0;
    }

    /// <summary>Takes on the message's order of fields, if it is one that can be learned.</summary>
    /// <param name="starts">Where its fields begin by the separators alone, and behind the last one where the message ends.</param>
    /// <returns>False when it is not; the shape is then nobody's.</returns>
    public bool Learn(ReadOnlySpan<byte> message, in FixHeader header, ReadOnlySpan<ushort> starts)
    {
        Count = 0;
        Array.Clear(_places);
        int usual = 0, others = 0, index = 0, body = 0;
        Span<byte> bytes = stackalloc byte[MaxTagBytes];
        var fields = new FixFieldReader(message);
        while (true)
        {
            int at = fields.Position;
            if (!fields.Read(out int tag, out var value)) break;
            // A field that does not end where the separators say lies behind the length of data.
            int tagBytes = fields.Position - 1 - value.Length - at;
            if (index >= starts.Length - 1 || at != starts[index] || fields.Position != starts[index + 1] || tagBytes > MaxTagBytes || FixFieldReader.AnnouncesData(tag)) return false;
            bool isHeader = at < header.BodyStart;
            if (isHeader) body = index + 1;
            var known = isHeader ? KnownFields.OfHeader(tag) : KnownFields.OfBody(tag);
            if (known != KnownField.None)
            {
                // The plain readers look at each of several.
                if (_places[(int)known].Index != 0) return false;
                _places[(int)known] = new Place { Index = (byte)index, TagBytes = (byte)tagBytes };
                if (isHeader) usual++;
            }
            else if (isHeader && index > 2) others++;
            bytes.Clear();
            message.Slice(at, tagBytes).CopyTo(bytes);
            _tags[index++] = new Tag { Bytes = MemoryMarshal.Read<ulong>(bytes), Mask = ulong.MaxValue >> (64 - 8 * tagBytes) };
        }
        if (fields.Malformed || index != starts.Length - 1 || index < 5) return false;
        Body = body;
        HasUsualHeader = usual == 4 && others == 0;
        Type = header.MsgType;
        Count = index;
        return true;
    }
}
