using System.Text;

namespace Appliance.Fix;

/// <summary>
/// Which dictionaries a message of a log is read by: those given, else the shipped ones of its BeginString. Before FIXT that says all; under FIXT the application's version
/// is that of the message (1128), else of the last Logon (1137), else the newest.
/// </summary>
public sealed class DictionaryChoice(FixDictionaries? given)
{
    private FixVersion _lastFixt = FixVersion.Fix50Sp2;

    /// <summary>Null when the message's version is none that is known.</summary>
    public FixDictionaries? For(ReadOnlySpan<byte> message, in FixHeader header)
    {
        if (given is not null)
            return given;
        string begin = Encoding.ASCII.GetString(header.BeginString(message));
        if (begin != "FIXT.1.1")
            return FixVersion.All.FirstOrDefault(v => v.BeginString == begin) is { } version && IsShipped(version) ? FixDictionaries.Shipped(version) : null;
        if (header.MsgType == FixMsgType.Logon && Value(message, header.BodyStart) is { } named) _lastFixt = named;
        var own = ByIdentifier(header.ApplVerId(message));
        return FixDictionaries.Shipped(own ?? _lastFixt);
    }

    private static bool IsShipped(FixVersion version) => version == FixVersion.Fix42 || version == FixVersion.Fix44 || version.IsFixt;

    private static FixVersion? Value(ReadOnlySpan<byte> message, int from)
    {
        var fields = new FixFieldReader(message, from);
        while (fields.Read(out int tag, out var value))
            if (tag == FixTag.DefaultApplVerID) return ByIdentifier(value);
        return null;
    }

    private static FixVersion? ByIdentifier(ReadOnlySpan<byte> identifier)
    {
        string text = Encoding.ASCII.GetString(identifier);
        return FixVersion.All.FirstOrDefault(v => v.IsFixt && v.DefaultApplVerId == text);
    }
}
