using Appliance.Fix;

namespace Appliance.Host.Configuration;

/// <summary>A drop-copy session as the desk file states it.</summary>
internal sealed record DropCopySettings(string Host, int Port, string SenderCompId, string TargetCompId, FixVersion Version, int HeartbeatSeconds, bool ResetOnLogon, IReadOnlyList<(int Tag, string Value)> LogonTags)
{
    public IReadOnlyList<(int Tag, string Value)> HeaderTags { get; init; } = [];
    /// <summary>Fields of the Logon that are made as it is sent.</summary>
    public IReadOnlyList<LogonField> LogonSignature { get; init; } = [];
    /// <summary>The venue repeats messages of this session when it is asked to.</summary>
    public bool AsksForResends { get; init; } = true;
    public TransportSettings Transport { get; init; } = new();
    public string Account { get; init; } = "";
    public int MatchWithinMs { get; init; } = 5_000;
    /// <summary>A difference pauses trading.</summary>
    public bool Halts { get; init; }

    public static readonly Section Keys = new("dropCopy",
        new("senderCompId", SettingType.Text, "Our CompID of this session; the embedded venue copies to whoever bears it.") { Default = "\"DROPCOPY\"" },
        new("targetCompId", SettingType.Text, "The venue's CompID of this session; empty: venue.targetCompId.") { Default = "\"\"" },
        new("host", SettingType.Text, "FIX acceptor of the drop copy; empty: venue.host.") { Default = "\"\"" },
        new("port", SettingType.Integer, "Its port; 0: the one that orders go to.") { Default = "0", Min = 0, Max = 65535 },
        new("backupHosts", SettingType.TextList, "Further acceptors of the drop copy, each \"host:port\", as venue.backupHosts.") { Default = "[]" },
        new("proxy", SettingType.Text, "HTTP proxy on the way, \"host:port\"; empty: venue.proxy; none: no proxy.") { Default = "\"\"" },
        new("tls", SettingType.Object, "TLS of this session, with a companion process of its own; left out: as venue.tls, and plain TCP where that is left out too.") { Section = TransportSettings.TlsKeys },
        new("plainTcp", SettingType.Flag, "Plain TCP although venue.tls is given, e.g. to something of your own that ends the TLS.") { Default = "false" },
        new("version", SettingType.Choice, "The version of FIX; same: venue.version.") { Default = "\"same\"", Choices = ["same", "FIX.4.2", "FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"] },
        new("heartbeatSeconds", SettingType.Integer, "HeartBtInt.") { Default = "10", Min = 1, Max = 3600, Unit = "s" },
        new("resetOnLogon", SettingType.Flag, "Ask for sequence numbers to start at 1 at each logon: copies that were missed are then lost.") { Default = "false" },
        new("logonTags", SettingType.TextList, "Further logon fields, each \"tag=value\"; no passwords (554, 925).") { Default = "[]" },
        new("logonTagFiles", SettingType.TextList, "Further logon fields whose values are secret, each \"tag=file\", as venue.logonTagFiles.") { Default = "[]" },
        LogonSignatureSettings.Key,
        new("headerTags", SettingType.TextList, "Further fields of every header, each \"tag=value\", as venue.headerTags.") { Default = "[]" },
        new("resendRequests", SettingType.Flag, "Ask for copies that were missed, as venue.resendRequests. Off, what was missed is passed over, and shows as missing in the copy.") { Default = "true" },
        new("account", SettingType.Text, "Only copies with this Account (1) are compared; empty: all.") { Default = "\"\"" },
        new("matchWithinMilliseconds", SettingType.Integer, "How long one record may be ahead of the other before that is a difference.") { Default = "5000", Min = 10, Max = 3600000, Unit = "ms" },
        new("onDifference", SettingType.Choice, "What a difference does: alarm: it is counted, named and shown; pause: trading is paused besides, until an operator resumes it.") { Default = "\"alarm\"", Choices = ["alarm", "pause"] });

    public static DropCopySettings Read(ConfigurationObject venue, FixVersion venueVersion, TransportSettings venueTransport, string folder, bool readsFiles)
    {
        ConfigurationObject o = venue.Object("dropCopy");
        string target = o.Text("targetCompId") == "" ? venue.Text("targetCompId") : o.Text("targetCompId");
        foreach (var (key, id) in new[] { ("senderCompId", o.Text("senderCompId")), ("targetCompId", target) })
            if (!(id.Length is > 0 and <= 32 && id.All(c => c is > ' ' and <= '~' and not '=' and not '/')))
                o.Error(key, $"\"{id}\"", "1 to 32 printable ASCII characters without blanks, '=' and '/'");
        if (o.Text("senderCompId") == venue.Text("senderCompId") && target == venue.Text("targetCompId"))
            o.Error("senderCompId", $"\"{o.Text("senderCompId")}\"", "another than venue.senderCompId, or another targetCompId: the order session has both");
        if (venue.Text("kind") == "embedded" && (o.Text("host") != "" || o.Integer("port") != 0 || target != venue.Text("targetCompId")))
            o.Error("host", "a place of its own", "no host, port and targetCompId with the embedded venue, whose one acceptor serves both sessions");
        foreach (string key in new[] { "tls", "backupHosts", "proxy" })
            if (o.Given(key) && venue.Has("kind") && venue.Text("kind") != "fix") o.Error(key, "a value", "nothing unless venue.kind is \"fix\": no other venue is elsewhere");
        return new DropCopySettings(o.Text("host") == "" ? venue.Text("host") : o.Text("host"), (int)o.Integer("port"), o.Text("senderCompId"), target,
            o.Text("version") is "same" or "" ? venueVersion : FixVersion.Parse(o.Text("version")), (int)o.Integer("heartbeatSeconds"), o.Flag("resetOnLogon"), FixSettings.LogonFields(o, folder, readsFiles))
        {
            Transport = TransportSettings.ReadBeside(venueTransport, o, "venue.dropCopy", folder, readsFiles), HeaderTags = FixSettings.HeaderFields(o), LogonSignature = LogonSignatureSettings.Read(o, folder, readsFiles),
            AsksForResends = o.Flag("resendRequests"), Account = o.Text("account"), MatchWithinMs = (int)o.Integer("matchWithinMilliseconds"), Halts = o.Text("onDifference") == "pause",
        };
    }
}
