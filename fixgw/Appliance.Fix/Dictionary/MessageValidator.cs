namespace Appliance.Fix;

/// <summary>How much of a message a session checks before it takes it.</summary>
public enum FixValidation : byte
{
    /// <summary>The header only.</summary>
    Off,
    /// <summary>Also header before body before trailer, no empty values, no malformed tags.</summary>
    Structural,
    /// <summary>Also everything that the dictionary says.</summary>
    Full,
}

/// <summary>What to check beyond the level.</summary>
public sealed record FixValidationOptions
{
    public FixValidation Level { get; init; } = FixValidation.Off;
    /// <summary>Tags from 5000 on must be in the dictionary and belong to the message.</summary>
    public bool CheckUserTags { get; init; } = true;
    /// <summary>A field without a value is refused.</summary>
    public bool CheckValuesPresent { get; init; } = true;
    /// <summary>Header, body and trailer stand in that order.</summary>
    public bool CheckFieldOrder { get; init; } = true;
    /// <summary>Fields of a repeating group stand in the dictionary's order, as the specification asks.</summary>
    public bool CheckGroupOrder { get; init; }
    /// <summary>Fields below 5000 that the dictionary does not have in this message are let pass.</summary>
    public bool AllowUnknownFields { get; init; }
}

/// <summary>What is wrong with a message: a SessionRejectReason about a tag (0: about none). None when nothing is.</summary>
public readonly record struct FixVerdict(int Reason, int Tag)
{
    public static readonly FixVerdict None = new(-1, 0);
    public bool IsNone => Reason < 0;
}

/// <summary>
/// Checks messages against a session's dictionaries. One a session, for one thread: it keeps which tags were seen. Nothing is allocated after the constructor.
/// Of several faults the first of these is told: order of the parts, type, what is missing, then the fields one by one, header first.
/// </summary>
public sealed class MessageValidator
{
    private const int TrackedTags = 16_384, UserTagMin = 5000;

    private readonly FixDictionaries _dictionaries;
    private readonly FixValidationOptions _options;
    // The pass in which each tag was last seen; a new pass begins with a new number instead of clearing the table.
    private readonly uint[] _seen = new uint[TrackedTags];
    private uint _pass;

    public MessageValidator(FixDictionaries dictionaries, FixValidationOptions options)
    {
        _dictionaries = dictionaries;
        _options = options;
    }

    public FixDictionaries Dictionaries => _dictionaries;

    /// <summary>Checks a whole framed message whose header was read.</summary>
    public FixVerdict Check(ReadOnlySpan<byte> message, in FixHeader header)
    {
        var dictionary = _dictionaries.For(header.MsgType);
        var verdict = CheckParts(message);
        if (!verdict.IsNone || _options.Level == FixValidation.Structural)
            return verdict;
        if (dictionary.Message(header.MsgType) is not { } definition)
            return new FixVerdict(SessionRejectReason.InvalidMsgType, 0);
        verdict = CheckRequired(_dictionaries.Transport.Header);
        if (verdict.IsNone) verdict = CheckRequired(_dictionaries.Transport.Trailer);
        if (verdict.IsNone) verdict = CheckRequired(definition.Body);
        if (verdict.IsNone) verdict = CheckScope(message, 0, dictionary, definition, ofHeader: true);
        if (verdict.IsNone) verdict = CheckScope(message, 0, dictionary, definition, ofHeader: false);
        return verdict;
    }

    private bool IsHeaderTag(int tag) => FixHeader.IsHeaderTag(tag) || _dictionaries.Transport.Header.Contains(tag);
    private bool IsTrailerTag(int tag) => FixHeader.IsTrailerTag(tag) || _dictionaries.Transport.Trailer.Contains(tag);

    /// <summary>The message's parts in order, and every tag marked as seen.</summary>
    private FixVerdict CheckParts(ReadOnlySpan<byte> message)
    {
        NextPass();
        int part = 0;
        var empty = FixVerdict.None;
        var fields = new FixFieldReader(message);
        while (fields.Read(out int tag, out var value))
        {
            if ((uint)tag < TrackedTags) _seen[tag] = _pass;
            int own = IsHeaderTag(tag) ? 0 : IsTrailerTag(tag) ? 2 : 1;
            if (own < part && _options.CheckFieldOrder)
                return new FixVerdict(SessionRejectReason.TagOutOfOrder, tag);
            part = Math.Max(part, own);
            if (value.IsEmpty && _options.CheckValuesPresent && empty.IsNone) empty = new FixVerdict(SessionRejectReason.TagWithoutValue, tag);
        }
        if (fields.Malformed)
            return new FixVerdict(SessionRejectReason.InvalidTag, fields.MalformedTag);
        return _options.Level == FixValidation.Structural ? empty : FixVerdict.None;
    }

    private FixVerdict CheckRequired(FieldSet set)
    {
        foreach (int tag in set.Required)
            if ((uint)tag < TrackedTags && _seen[tag] != _pass)
                return new FixVerdict(SessionRejectReason.RequiredTagMissing, tag);
        return FixVerdict.None;
    }

    /// <summary>The fields of the header and trailer, or of the body, one by one.</summary>
    private FixVerdict CheckScope(ReadOnlySpan<byte> message, int from, FixDictionary dictionary, MessageDefinition definition, bool ofHeader)
    {
        NextPass();
        var fields = new FixFieldReader(message, from);
        while (fields.Read(out int tag, out var value))
        {
            bool outside = IsHeaderTag(tag) || IsTrailerTag(tag);
            if (outside != ofHeader)
                continue;
            if ((uint)tag < TrackedTags)
            {
                if (_seen[tag] == _pass)
                    return new FixVerdict(SessionRejectReason.TagAppearsMoreThanOnce, tag);
                _seen[tag] = _pass;
            }
            var set = !ofHeader ? definition.Body : IsTrailerTag(tag) ? _dictionaries.Transport.Trailer : _dictionaries.Transport.Header;
            int place = set.PlaceOf(tag);
            var verdict = CheckField(ofHeader ? _dictionaries.Transport : dictionary, tag, value, place >= 0 || outside && FixHeader.IsHeaderTag(tag));
            if (!verdict.IsNone)
                return verdict;
            if (place >= 0 && set.Members[place].Group is { } group)
            {
                int next = fields.Position;
                verdict = CheckGroup(message, ref next, dictionary, group, tag, value);
                if (!verdict.IsNone)
                    return verdict;
                fields = new FixFieldReader(message, next);
            }
        }
        return FixVerdict.None;
    }

    private FixVerdict CheckField(FixDictionary dictionary, int tag, ReadOnlySpan<byte> value, bool belongs)
    {
        if (value.IsEmpty)
            return _options.CheckValuesPresent ? new FixVerdict(SessionRejectReason.TagWithoutValue, tag) : FixVerdict.None;
        var field = dictionary.Field(tag);
        if (field is null)
        {
            bool passes = belongs || (tag >= UserTagMin ? !_options.CheckUserTags : _options.AllowUnknownFields);
            return passes ? FixVerdict.None : new FixVerdict(SessionRejectReason.InvalidTag, tag);
        }
        if (!FixFieldTypes.Accepts(field.Type, value))
            return new FixVerdict(SessionRejectReason.IncorrectDataFormat, tag);
        if (!field.Allows(value))
            return new FixVerdict(SessionRejectReason.ValueIncorrect, tag);
        if (!belongs && !(tag >= UserTagMin ? !_options.CheckUserTags : _options.AllowUnknownFields))
            return new FixVerdict(SessionRejectReason.TagNotDefinedForMessage, tag);
        return FixVerdict.None;
    }

    /// <summary>The repetitions of a group, from the field after its count on; a wrong count is told before what is wrong within them.</summary>
    private FixVerdict CheckGroup(ReadOnlySpan<byte> message, ref int next, FixDictionary dictionary, FieldSet group, int countTag, ReadOnlySpan<byte> countText)
    {
        FixNumber.TryParseUnsigned(countText, out uint count);
        uint found = 0;
        int first = group.FirstTag, lastPlace = -1;
        ulong seen = 0;
        var within = FixVerdict.None;
        var fields = new FixFieldReader(message, next);
        while (fields.Read(out int tag, out var value))
        {
            int place = group.PlaceOf(tag);
            if (place < 0)
                break;
            if (tag == first || found == 0)
            {
                if (tag != first && within.IsNone) within = new FixVerdict(SessionRejectReason.GroupOutOfOrder, tag);
                if (found > 0 && within.IsNone) within = CheckMembers(group, seen);
                found++;
                seen = 0;
                lastPlace = -1;
            }
            // Places beyond 63 share their bit with none and are not tracked; no group of the standard comes near.
            if (place < 64)
            {
                if ((seen & 1UL << place) != 0 && within.IsNone) within = new FixVerdict(SessionRejectReason.TagAppearsMoreThanOnce, tag);
                seen |= 1UL << place;
            }
            if (place < lastPlace && _options.CheckGroupOrder && within.IsNone) within = new FixVerdict(SessionRejectReason.GroupOutOfOrder, tag);
            lastPlace = Math.Max(place, lastPlace);
            if (within.IsNone) within = CheckField(dictionary, tag, value, belongs: true);
            next = fields.Position;
            if (group.Members[place].Group is { } inner)
            {
                var verdict = CheckGroup(message, ref next, dictionary, inner, tag, value);
                if (within.IsNone) within = verdict;
                fields = new FixFieldReader(message, next);
            }
        }
        if (found != count)
            return new FixVerdict(SessionRejectReason.IncorrectGroupCount, countTag);
        if (found > 0 && within.IsNone) within = CheckMembers(group, seen);
        return within;
    }

    private static FixVerdict CheckMembers(FieldSet group, ulong seen)
    {
        foreach (int tag in group.Required)
        {
            int place = group.PlaceOf(tag);
            if (place < 64 && (seen & 1UL << place) == 0)
                return new FixVerdict(SessionRejectReason.RequiredTagMissing, tag);
        }
        return FixVerdict.None;
    }

    private void NextPass()
    {
        if (++_pass != 0)
            return;
        Array.Clear(_seen);
        _pass = 1;
    }
}
