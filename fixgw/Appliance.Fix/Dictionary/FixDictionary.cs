using System.Text;

namespace Appliance.Fix;

/// <summary>
/// A data dictionary in memory: fields, header, trailer, messages. Made by <see cref="FixDictionaryReader"/> at start; reading it allocates nothing.
/// </summary>
public sealed class FixDictionary
{
    private readonly Dictionary<int, FieldDefinition> _fields;
    private readonly Dictionary<string, FieldDefinition> _byName;
    private readonly Dictionary<uint, MessageDefinition> _messages;
    // Fields with small tags, the usual ones, by a plain index.
    private readonly FieldDefinition?[] _lowTags = new FieldDefinition?[2048];

    internal FixDictionary(string source, string versionName, bool isTransport, Dictionary<int, FieldDefinition> fields, Dictionary<string, FieldDefinition> byName,
        FieldSet header, FieldSet trailer, IEnumerable<MessageDefinition> messages)
    {
        Source = source;
        VersionName = versionName;
        IsTransport = isTransport;
        _fields = fields;
        _byName = byName;
        Header = header;
        Trailer = trailer;
        _messages = messages.ToDictionary(m => FixMsgType.Pack(Encoding.ASCII.GetBytes(m.Type)));
        foreach (var (tag, field) in fields)
            if (tag < _lowTags.Length) _lowTags[tag] = field;
    }

    /// <summary>Where it was read from.</summary>
    public string Source { get; }
    /// <summary>FIX.4.4, FIX.5.0SP2, FIXT.1.1.</summary>
    public string VersionName { get; }
    /// <summary>True for FIXT dictionaries, which hold header, trailer and session messages only.</summary>
    public bool IsTransport { get; }
    public FieldSet Header { get; }
    public FieldSet Trailer { get; }
    public IEnumerable<MessageDefinition> Messages => _messages.Values;
    public IEnumerable<FieldDefinition> Fields => _fields.Values;

    /// <summary>The field of that tag, or null.</summary>
    public FieldDefinition? Field(int tag) => (uint)tag < (uint)_lowTags.Length ? _lowTags[tag] : _fields.GetValueOrDefault(tag);

    public FieldDefinition? Field(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The message of that packed type, or null.</summary>
    public MessageDefinition? Message(uint type) => _messages.GetValueOrDefault(type);
}

/// <summary>The dictionaries of one session: one for all before FIXT, then one for the transport and one for the application.</summary>
public sealed class FixDictionaries
{
    public FixDictionary Transport { get; }
    public FixDictionary Application { get; }
    public FixVersion Version { get; }

    /// <param name="transport">Null when the application's dictionary has header, trailer and session messages, as before FIXT.</param>
    public FixDictionaries(FixDictionary application, FixDictionary? transport = null)
    {
        Application = application;
        Transport = transport ?? application;
        if (application.IsTransport)
            throw new ArgumentException($"{application.Source} is a transport dictionary; the application's is wanted here", nameof(application));
        Version = FixVersion.Parse(application.VersionName);
        if (Version.IsFixt && transport is null)
            throw new ArgumentException($"{application.Source} is of {Version}, whose session messages are in a transport dictionary (FIXT.1.1); name one", nameof(transport));
        if (transport is { IsTransport: false } || !Version.IsFixt && transport is not null)
            throw new ArgumentException($"{transport.Source} is of {transport.VersionName}; {Version} wants {(Version.IsFixt ? "a dictionary of FIXT.1.1 as transport" : "no transport dictionary")}", nameof(transport));
    }

    /// <summary>The dictionary that has the messages of that type.</summary>
    public FixDictionary For(uint msgType) => FixMsgType.IsAdmin(msgType) ? Transport : Application;

    /// <summary>The dictionaries of that version that come with the program: the session's messages and those of order entry.</summary>
    public static FixDictionaries Shipped(FixVersion version) => ShippedDictionaries.For(version);
}
