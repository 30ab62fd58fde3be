using System.Text;

namespace Appliance.Fix;

/// <summary>One value of an enumerated field and what it means.</summary>
public sealed record FixFieldValue(string Code, string Description);

/// <summary>A field as a dictionary defines it.</summary>
public sealed class FieldDefinition
{
    private readonly byte[][] _codes;
    // One bit a character, for the usual case of values that are one character long.
    private readonly UInt128 _single;
    private readonly bool _onlySingle;

    internal FieldDefinition(int tag, string name, string typeName, FixFieldType type, IReadOnlyList<FixFieldValue> values, bool closed)
    {
        Tag = tag;
        Name = name;
        TypeName = typeName;
        Type = type;
        Values = values;
        IsClosed = closed && values.Count > 0;
        _codes = [.. values.Select(v => Encoding.UTF8.GetBytes(v.Code)).Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))];
        _onlySingle = _codes.All(c => c.Length == 1 && c[0] < 128);
        foreach (byte[] code in _codes)
            if (_onlySingle) _single |= UInt128.One << code[0];
    }

    public int Tag { get; }
    public string Name { get; }
    public string TypeName { get; }
    public FixFieldType Type { get; }
    public IReadOnlyList<FixFieldValue> Values { get; }
    /// <summary>Only the listed values are allowed.</summary>
    public bool IsClosed { get; }

    /// <summary>Whether the value is one that the dictionary lists, or none are listed. A field of several values needs each of them listed.</summary>
    public bool Allows(ReadOnlySpan<byte> value)
    {
        if (!IsClosed)
            return true;
        if (Type is not (FixFieldType.MultipleValue or FixFieldType.MultipleChar))
            return Lists(value);
        while (true)
        {
            int blank = value.IndexOf((byte)' ');
            if (blank < 0)
                return Lists(value);
            if (!Lists(value[..blank]))
                return false;
            value = value[(blank + 1)..];
        }
    }

    private bool Lists(ReadOnlySpan<byte> value)
    {
        if (_onlySingle)
            return value.Length == 1 && value[0] < 128 && (_single >> value[0] & UInt128.One) != 0;
        int low = 0, high = _codes.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2, order = _codes[middle].AsSpan().SequenceCompareTo(value);
            if (order == 0)
                return true;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return false;
    }

    /// <summary>What the value means; null when the dictionary does not say.</summary>
    public string? Describe(string value) => Values.FirstOrDefault(v => v.Code == value)?.Description;
}
