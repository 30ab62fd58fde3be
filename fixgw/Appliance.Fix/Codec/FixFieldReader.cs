using System.Runtime.CompilerServices;

namespace Appliance.Fix;

/// <summary>Walks the tag=value fields of a message. Allocates nothing; values are spans of the message.</summary>
public ref struct FixFieldReader(ReadOnlySpan<byte> message, int from = 0)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at = from;
    private uint _dataLength;
    private int _dataTag;

    /// <summary>Where the next field begins.</summary>
    public readonly int Position => _at;
    /// <summary>True once a field was no digits=value; reading has ended there.</summary>
    public bool Malformed { get; private set; }
    /// <summary>The number that stands where the malformed field's tag should ("-1", "0"), 0 when there is none.</summary>
    public int MalformedTag { get; private set; }

    /// <summary>The next field; false at the end or at a malformed field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Read(out int tag, out ReadOnlySpan<byte> value)
    {
        tag = 0;
        value = default;
        int at = _at;
        var message = _message;
        if (at >= message.Length)
            return false;
        int parsed = 0;
        int start = at;
        while (true)
        {
            uint digit = (uint)message[at] - '0';
            if (digit > 9)
                break;
            parsed = parsed * 10 + (int)digit;
            at++;
            if (at >= message.Length || at - start > 8)
                return Fail();
        }
        if (message[at] != (byte)'=' || at == start || message[start] == (byte)'0')
            return Fail();
        at++;
        int length = _dataTag == 0 ? message[at..].IndexOf(FixFramer.Separator) : DataLength(parsed, at);
        if (length < 0)
            return Fail();
        tag = parsed;
        value = message.Slice(at, length);
        _at = at + length + 1;
        if (IsLengthOfData(parsed))
            ExpectData(parsed, value);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fail()
    {
        Malformed = true;
        var rest = _message[_at..];
        int equals = rest.IndexOf((byte)'=');
        if (equals is > 0 and < 12 && System.Buffers.Text.Utf8Parser.TryParse(rest[..equals], out int number, out int digits) && digits == equals) MalformedTag = number;
        _at = _message.Length;
        return false;
    }

    /// <summary>The fields of type Length that announce a data field: those of the header, RawData, and the Encoded… texts of every version.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsLengthOfData(int tag) =>
        tag is FixTag.RawDataLength or FixTag.SecureDataLen or FixTag.SignatureLength || tag >= FixTag.XmlDataLen && IsLaterLengthOfData(tag);

    private static bool IsLaterLengthOfData(int tag) =>
        tag is FixTag.XmlDataLen or 348 or 350 or 352 or 354 or 356 or 358 or 360 or 362 or 364 or 445 or 618 or 621 or 1277 or 1280 or 1282 or 1397 or 1401 or 1403 or 1468 or 1480;

    /// <summary>A data field may contain separators; the length field before it says where it ends.</summary>
    private void ExpectData(int lengthTag, scoped ReadOnlySpan<byte> value)
    {
        if (!FixNumber.TryParseUnsigned(value, out _dataLength))
            return;
        _dataTag = lengthTag switch
        {
            FixTag.SignatureLength => FixTag.Signature,
            _ => lengthTag + 1,
        };
    }

    private int DataLength(int tag, int at)
    {
        bool isData = tag == _dataTag;
        _dataTag = 0;
        if (!isData)
            return _message[at..].IndexOf(FixFramer.Separator);
        long end = at + (long)_dataLength;
        return end < _message.Length && _message[(int)end] == FixFramer.Separator ? (int)_dataLength : -1;
    }
}
