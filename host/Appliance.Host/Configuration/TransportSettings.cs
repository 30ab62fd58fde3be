using Appliance.Fix;

namespace Appliance.Host.Configuration;

/// <summary>TLS as the desk file states it: whom to take for the venue, and what to show it. Paths are absolute.</summary>
/// <param name="Path">Where they stand in the desk file, so that messages name the keys that a reader finds there.</param>
internal sealed record TlsSettings(string Path, IReadOnlyList<string> Pins, string? AuthorityFile, string ServerName, TlsIdentityFiles? Identity);

/// <summary>How a FIX session reaches its venue, as the desk file states it.</summary>
internal sealed record TransportSettings
{
    public IReadOnlyList<FixEndpoint> BackupHosts { get; init; } = [];
    public FixEndpoint? Proxy { get; init; }
    /// <summary>Null speaks plain TCP.</summary>
    public TlsSettings? Tls { get; init; }
    public int ReconnectFirstMs { get; init; } = 2;
    public int ReconnectLongestMs { get; init; } = 2_000;
    public int ConnectTimeoutMs { get; init; } = 3_000;

    internal static readonly Section TlsKeys = new("tls",
        new("pins", SettingType.TextList, "SHA-256 of the venue's public key, or of its certificate, 64 hexadecimal digits each; `appliance tls pin HOST:PORT` prints both. Who holds one of them is the venue, whoever issued its certificate; empty: the certificate's chain and name decide.") { Default = "[]" },
        new("authority", SettingType.Text, "PEM file with the certificates of those who may issue the venue's, relative to the desk file; empty: those whom this machine trusts.") { Default = "\"\"" },
        new("serverName", SettingType.Text, "The name asked for in the handshake and looked for in the certificate; empty: the host's.") { Default = "\"\"" },
        new("certificate", SettingType.Text, "Our certificate, for a venue that wants one: PEM, its issuers behind it if need be, or PKCS#12; relative to the desk file. Empty: none.") { Default = "\"\"" },
        new("key", SettingType.Text, "The certificate's private key, PEM; empty: it is in the certificate's file.") { Default = "\"\"" },
        new("keyPasswordFile", SettingType.Text, "File with the key's password; empty: it has none.") { Default = "\"\"" });

    /// <summary>The keys within the desk file's venue.</summary>
    public static readonly Setting[] Keys =
    [
        new("backupHosts", SettingType.TextList, "fix: further acceptors, each \"host:port\", tried in this order, without a pause, when the one before does not bring the session up.") { Default = "[]" },
        new("reconnectMilliseconds", SettingType.Integer, "Pause after all hosts were tried; it doubles each time up to reconnectLongestMilliseconds, each with a random share of up to a half on top.") { Default = "2", Min = 0, Max = 60000, Unit = "ms" },
        new("reconnectLongestMilliseconds", SettingType.Integer, "The longest such pause.") { Default = "2000", Min = 1, Max = 3600000, Unit = "ms" },
        new("connectTimeoutMilliseconds", SettingType.Integer, "Bound of one attempt to connect, and of the TLS handshake.") { Default = "3000", Min = 10, Max = 60000, Unit = "ms" },
        new("proxy", SettingType.Text, "fix: HTTP proxy, \"host:port\", that is asked for the connection by CONNECT; empty: none.") { Default = "\"\"" },
        new("tls", SettingType.Object, "fix: the session goes over TLS, which a companion process (`appliance tls connect`) speaks; the host starts it. {} checks the venue's certificate as a browser does. Left out: plain TCP.") { Section = TlsKeys },
    ];

    /// <param name="readsFiles">False in a replay, which connects nowhere.</param>
    public static TransportSettings Read(ConfigurationObject venue, string folder, bool readsFiles)
    {
        bool isFix = venue.Text("kind") == "fix";
        foreach (string key in new[] { "tls", "backupHosts", "proxy" })
            if (venue.Given(key) && venue.Has("kind") && !isFix) venue.Error(key, "a value", "nothing unless venue.kind is \"fix\": no other venue is elsewhere");
        if (venue.Has("reconnectMilliseconds", "reconnectLongestMilliseconds") && venue.Integer("reconnectLongestMilliseconds") < venue.Integer("reconnectMilliseconds"))
            venue.Error("reconnectLongestMilliseconds", venue.Integer("reconnectLongestMilliseconds").ToString(), "at least venue.reconnectMilliseconds");
        return new TransportSettings
        {
            BackupHosts = ReadBackups(venue), Proxy = ReadProxy(venue), Tls = venue.Given("tls") ? ReadTls(venue.Object("tls"), "venue.tls", folder, readsFiles) : null,
            ReconnectFirstMs = (int)venue.Integer("reconnectMilliseconds"), ReconnectLongestMs = (int)venue.Integer("reconnectLongestMilliseconds"), ConnectTimeoutMs = (int)venue.Integer("connectTimeoutMilliseconds"),
        };
    }

    /// <summary>The way of a second session with the same venue: as the first one's, unless it has its own.</summary>
    public static TransportSettings ReadBeside(TransportSettings first, ConfigurationObject session, string path, string folder, bool readsFiles)
    {
        bool isPlain = session.Flag("plainTcp");
        if (isPlain && session.Given("tls")) session.Error("plainTcp", "true beside tls", "one of the two");
        return first with
        {
            BackupHosts = ReadBackups(session),
            Proxy = session.Text("proxy") switch { "" => first.Proxy, "none" => null, _ => ReadProxy(session) },
            Tls = isPlain ? null : session.Given("tls") ? ReadTls(session.Object("tls"), path + ".tls", folder, readsFiles) : first.Tls,
        };
    }

    private static List<FixEndpoint> ReadBackups(ConfigurationObject session)
    {
        var backups = new List<FixEndpoint>();
        foreach (string text in session.Texts("backupHosts"))
        {
            if (FixEndpoint.TryParse(text, out var endpoint)) backups.Add(endpoint);
            else session.Error("backupHosts", $"\"{text}\"", "\"host:port\", such as \"fix2.venue.example:4001\" or \"[2001:db8::1]:4001\"");
        }
        return backups;
    }

    private static FixEndpoint? ReadProxy(ConfigurationObject session)
    {
        if (session.Text("proxy") is not { Length: > 0 } named) return null;
        if (FixEndpoint.TryParse(named, out var endpoint)) return endpoint;
        session.Error("proxy", $"\"{named}\"", "\"host:port\", such as \"proxy.desk.example:3128\"");
        return null;
    }

    private static TlsSettings ReadTls(ConfigurationObject tls, string path, string folder, bool readsFiles)
    {
        string? At(string key) => tls.Text(key) is { Length: > 0 } name ? Path.Combine(folder, name) : null;
        string? certificate = At("certificate"), key = At("key"), password = At("keyPasswordFile"), authority = At("authority");
        foreach (string other in new[] { "key", "keyPasswordFile" })
            if (certificate is null && At(other) is not null) tls.Error(other, $"\"{tls.Text(other)}\"", $"nothing without {path}.certificate beside it");
        foreach (string pin in tls.Texts("pins"))
            if (TlsTrust.Digits(pin) is null) tls.Error("pins", $"\"{pin}\"", "64 hexadecimal digits, with or without colons, as `appliance tls pin HOST:PORT` prints them");
        if (tls.Text("serverName").Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))) tls.Error("serverName", $"\"{tls.Text("serverName")}\"", "a host's name");
        var identity = certificate is null ? null : new TlsIdentityFiles(certificate, key, password);
        if (readsFiles)
        {
            if (TlsTrust.TryMake([], authority, () => DateTime.UtcNow, path + ".pins", path + ".authority", out string problem) is null)
                tls.Error("authority", $"\"{tls.Text("authority")}\" ({problem})", "a PEM file with certificates, relative to the desk file");
            if (identity is not null)
            {
                using var read = TlsIdentity.TryRead(identity, DateTime.UtcNow, out problem);
                string at = password is not null && problem.Contains(password, StringComparison.Ordinal) ? "keyPasswordFile" : key is not null && problem.StartsWith(key + ":", StringComparison.Ordinal) ? "key" : "certificate";
                if (read is null) tls.Error(at, $"\"{tls.Text(at)}\" ({problem})", "a certificate with its key, relative to the desk file");
            }
        }
        return new TlsSettings(path, [.. tls.Texts("pins")], authority, tls.Text("serverName"), identity);
    }
}
