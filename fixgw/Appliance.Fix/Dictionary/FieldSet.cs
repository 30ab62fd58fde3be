namespace Appliance.Fix;

/// <summary>A field's place in a message, a group, the header or the trailer.</summary>
public sealed class FieldMember
{
    internal FieldMember(FieldDefinition field, bool required, FieldSet? group)
    {
        Field = field;
        IsRequired = required;
        Group = group;
    }

    public FieldDefinition Field { get; }
    public bool IsRequired { get; internal set; }
    /// <summary>What is repeated, when the field is the count of a repeating group; else null.</summary>
    public FieldSet? Group { get; }
}

/// <summary>The fields that may stand in one place, in the dictionary's order, found by tag without an allocation.</summary>
public sealed class FieldSet
{
    private readonly List<FieldMember> _members = [];
    private int[] _tags = new int[8];
    private short[] _places = new short[8];

    public IReadOnlyList<FieldMember> Members => _members;
    /// <summary>The field that begins each repetition of a group: its first.</summary>
    public int FirstTag => _members.Count == 0 ? 0 : _members[0].Field.Tag;
    /// <summary>Tags that must be there.</summary>
    internal int[] Required { get; private set; } = [];

    internal bool Add(FieldMember member)
    {
        int known = PlaceOf(member.Field.Tag);
        if (known >= 0)
            return false;
        if ((_members.Count + 1) * 2 > _tags.Length) Grow();
        Insert(member.Field.Tag, (short)_members.Count);
        _members.Add(member);
        return true;
    }

    internal void Close() => Required = [.. _members.Where(m => m.IsRequired).Select(m => m.Field.Tag)];

    /// <summary>The field's place in the dictionary's order, −1 when it does not belong here.</summary>
    public int PlaceOf(int tag)
    {
        int mask = _tags.Length - 1;
        for (int slot = Slot(tag, mask); _tags[slot] != 0; slot = (slot + 1) & mask)
            if (_tags[slot] == tag)
                return _places[slot];
        return -1;
    }

    public bool Contains(int tag) => PlaceOf(tag) >= 0;

    private void Grow()
    {
        _tags = new int[_tags.Length * 2];
        _places = new short[_tags.Length];
        for (int i = 0; i < _members.Count; i++) Insert(_members[i].Field.Tag, (short)i);
    }

    private void Insert(int tag, short place)
    {
        int mask = _tags.Length - 1, slot = Slot(tag, mask);
        while (_tags[slot] != 0) slot = (slot + 1) & mask;
        _tags[slot] = tag;
        _places[slot] = place;
    }

    private static int Slot(int tag, int mask) => (int)((uint)tag * 2654435769u >> 7) & mask;
}

/// <summary>A message type as a dictionary defines it.</summary>
public sealed class MessageDefinition
{
    internal MessageDefinition(string type, string name, bool isAdmin, FieldSet body)
    {
        Type = type;
        Name = name;
        IsAdmin = isAdmin;
        Body = body;
    }

    /// <summary>MsgType (35).</summary>
    public string Type { get; }
    public string Name { get; }
    public bool IsAdmin { get; }
    public FieldSet Body { get; }
}
