using System.Buffers.Binary;
using System.Text;

namespace Appliance.Host.Onnx;

/// <summary>What is wrong with an ONNX file; the command names the file and exits with 2.</summary>
internal sealed class OnnxException(string message) : Exception(message);

/// <summary>
/// The wire format of Protocol Buffers (encoding specification of protobuf.dev), as far as an ONNX file needs it: fields one after another, each a number, a wire type and a value.
/// Written by hand because eight small messages are read once at an import: a generated model and its runtime would be the larger dependency.
/// </summary>
internal ref struct ProtobufReader(ReadOnlyMemory<byte> bytes)
{
    private readonly ReadOnlyMemory<byte> _bytes = bytes;
    private int _at;
    private int _wireType;

    public int Field { get; private set; }

    /// <summary>Moves to the next field; its value must be taken by exactly one of the methods below, or skipped.</summary>
    public bool Next()
    {
        if (_at == _bytes.Length) return false;
        ulong key = Varint();
        (Field, _wireType) = ((int)(key >> 3), (int)(key & 7));
        if (Field == 0) throw new OnnxException($"is not a protobuf message: field 0 at byte {_at}");
        return true;
    }

    public long Integer()
    {
        if (_wireType != 0) Wrong("an integer");
        return (long)Varint();
    }

    public float Single()
    {
        if (_wireType != 5) Wrong("a float");
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4).Span);
    }

    public ReadOnlyMemory<byte> Bytes()
    {
        if (_wireType != 2) Wrong("bytes");
        ulong length = Varint();
        if (length > (ulong)(_bytes.Length - _at)) throw new OnnxException($"is truncated: a field of {length} bytes begins at byte {_at} of {_bytes.Length}");
        return Take((int)length);
    }

    public string Text() => Encoding.UTF8.GetString(Bytes().Span);

    /// <summary>A repeated integer: one value, or several packed.</summary>
    public void Integers(List<long> into)
    {
        if (_wireType == 0)
        {
            into.Add((long)Varint());
            return;
        }
        var packed = new ProtobufReader(Bytes());
        while (packed._at < packed._bytes.Length) into.Add((long)packed.Varint());
    }

    /// <summary>A repeated float or double (by its size in bytes): one value, or several packed.</summary>
    public void Numbers(List<double> into, int size)
    {
        ReadOnlyMemory<byte> values = _wireType == 2 ? Bytes() : _wireType == 5 && size == 4 || _wireType == 1 && size == 8 ? Take(size) : throw new OnnxException($"field {Field} has wire type {_wireType}, not numbers");
        if (values.Length % size != 0) throw new OnnxException($"field {Field}: {values.Length} bytes are no whole count of numbers");
        for (int i = 0; i < values.Length; i += size)
            into.Add(size == 4 ? BinaryPrimitives.ReadSingleLittleEndian(values.Span[i..]) : BinaryPrimitives.ReadDoubleLittleEndian(values.Span[i..]));
    }

    public void Skip()
    {
        switch (_wireType)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Bytes(); break;
            case 5: Take(4); break;
            default: throw new OnnxException($"is not a protobuf message: wire type {_wireType} at byte {_at}");
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1).Span[0];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
        throw new OnnxException($"is not a protobuf message: an integer without an end at byte {_at}");
    }

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count > _bytes.Length - _at) throw new OnnxException($"is truncated at byte {_bytes.Length}");
        ReadOnlyMemory<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    private readonly void Wrong(string expected) => throw new OnnxException($"field {Field} has wire type {_wireType}, expected {expected}: is this an ONNX file?");
}
