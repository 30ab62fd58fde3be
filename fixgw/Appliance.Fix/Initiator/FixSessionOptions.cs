using System.Text;

namespace Appliance.Fix;

/// <summary>An initiator's session, as a desk file states it. Checked by <see cref="Check"/> and by the gateway's constructor.</summary>
public sealed record FixSessionOptions
{
    /// <summary>Index of the session in the desk: the Source of its events.</summary>
    public ushort Index { get; init; }
    /// <summary>Host name or address of the venue's acceptor.</summary>
    public required string Host { get; init; }
    /// <summary>TCP port, 1–65535.</summary>
    public required int Port { get; init; }
    /// <summary>Further hosts, tried in this order when the one before does not bring the session up; after a session that was up the first comes first again.</summary>
    public IReadOnlyList<FixEndpoint> BackupHosts { get; init; } = [];
    /// <summary>An HTTP proxy that is asked for the connection by CONNECT; null connects directly.</summary>
    public FixEndpoint? Proxy { get; init; }
    /// <summary>Path of the local socket of a TLS companion, over which the session is led; null speaks plain TCP. The companion knows about a proxy by itself.</summary>
    public string? TlsCompanion { get; init; }
    /// <summary>Our CompID, 1–32 printable ASCII characters.</summary>
    public required string SenderCompId { get; init; }
    /// <summary>The venue's CompID.</summary>
    public required string TargetCompId { get; init; }
    /// <summary>What is spoken.</summary>
    public FixVersion Version { get; init; } = FixVersion.Fix44;
    /// <summary>What is checked of each message received.</summary>
    public FixValidationOptions Validation { get; init; } = new();
    /// <summary>The venue's dictionaries, for checks; null takes those that come with the program.</summary>
    public FixDictionaries? Dictionaries { get; init; }
    /// <summary>Account (1) of every order; empty leaves it out.</summary>
    public string Account { get; init; } = "";
    /// <summary>Further fields of every new order and amend by tag, e.g. 528=P or 15=USD.</summary>
    public IReadOnlyList<KeyValuePair<int, string>> OrderFields { get; init; } = [];
    /// <summary>Seconds, 1–3600. Ten notices a dead peer within half a minute, without traffic worth mentioning.</summary>
    public int HeartbeatSeconds { get; init; } = 10;
    /// <summary>Ask for numbers from 1 at each logon. Then nothing that was missed is recovered: only for venues that demand it.</summary>
    public bool ResetSequenceNumbersOnLogon { get; init; }
    /// <summary>NextExpectedMsgSeqNum (789) in the Logon: the venue then sends what was missed without being asked.</summary>
    public bool UseNextExpectedSequence { get; init; }
    /// <summary>TestMessageIndicator (464) in the Logon, and expected in the venue's.</summary>
    public bool TestSession { get; init; }
    /// <summary>Send stored application messages again when the venue asks, instead of gap-filling them. For orders leave it off: a stale order must not be sent again.</summary>
    public bool ResendApplicationMessages { get; init; }
    /// <summary>Messages asked for by one ResendRequest; 0 asks for everything at once.</summary>
    public int ResendChunk { get; init; }
    /// <summary>Header fields of every message by tag, e.g. 50 and 57 for SenderSubID and TargetSubID.</summary>
    public IReadOnlyList<KeyValuePair<int, string>> HeaderFields { get; init; } = [];
    /// <summary>The session's hours; null is always open.</summary>
    public SessionSchedule? Schedule { get; init; }
    /// <summary>Further Logon fields by tag, e.g. 9002=Y for cancel-on-disconnect, 553 and 554 for a user's name and password.</summary>
    public IReadOnlyList<KeyValuePair<int, string>> LogonFields { get; init; } = [];
    /// <summary>Fields of the Logon that are made as it is sent, in this order, behind the others: nonces, times, signatures.</summary>
    public IReadOnlyList<LogonField> ComputedLogonFields { get; init; } = [];
    /// <summary>Whether the venue repeats messages when asked: <see cref="FixSessionSettings.PeerRepeats"/>.</summary>
    public bool VenueRepeats { get; init; } = true;
    /// <summary>SendingTime and TransactTime with six decimals instead of three.</summary>
    public bool Microseconds { get; init; } = true;
    /// <summary>After the Logon make sure, by a TestRequest, that the venue is in sequence with us before orders go.</summary>
    public bool SynchroniseAfterLogon { get; init; } = true;
    /// <summary>Seconds that the venue's SendingTime may differ from our clock; 0 does not check.</summary>
    public int SendingTimeToleranceSeconds { get; init; } = 120;
    /// <summary>Folder of the sequence store; null keeps it in memory, so that a restart needs a reset of numbers. A memory file system keeps hot pages from faulting.</summary>
    public string? StoreDirectory { get; init; }
    /// <summary>Size and durability of the store. An order with its answers takes about a kilobyte.</summary>
    public StoreOptions Store { get; init; } = new();
    /// <summary>Where the messages of both directions are logged in plain text; null logs none.</summary>
    public MessageLogOptions? MessageLog { get; init; }
    /// <summary>After a crash: the venue's messages from this number on are asked for again, since the host recorded none of them; 0 takes the store's number.</summary>
    public uint NextIncomingAtMost { get; init; }
    /// <summary>Delay of the first reconnect, milliseconds, 0–60000. Small: the usual loss is a venue's process change-over.</summary>
    public int ReconnectFirstMs { get; init; } = 2;
    /// <summary>Longest delay between attempts, milliseconds.</summary>
    public int ReconnectMaxMs { get; init; } = 2_000;
    /// <summary>Bound of one connection attempt, milliseconds.</summary>
    public int ConnectTimeoutMs { get; init; } = 3_000;
    /// <summary>Seed of the reconnect jitter; null takes one that goes by the CompIDs, so that two sessions differ and one is the same each day.</summary>
    public ulong? ReconnectSeed { get; init; }
    /// <summary>Bytes of the receive buffer, at least 16384.</summary>
    public int ReceiveBufferBytes { get; init; } = 1 << 18;
    /// <summary>Orders whose instrument and answers are remembered by client order id, a power of two.</summary>
    public int RecentOrders { get; init; } = 65_536;

    /// <summary>What is wrong with these options, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Check()
    {
        var wrong = new List<string>();
        void Need(bool sound, string text)
        {
            if (!sound) wrong.Add(text);
        }
        Need(Host.Length > 0, "Host is empty");
        Need(Port is > 0 and < 65536, $"Port {Port} is not 1 to 65535");
        foreach (var backup in BackupHosts) Need(backup.Host.Length > 0 && backup.Port is > 0 and < 65536, $"backup host {backup} has no name or no port from 1 to 65535");
        Need(Proxy is null || TlsCompanion is null, "Proxy stands beside TlsCompanion, which is to be told of the proxy itself");
        Need(TlsCompanion is null || Encoding.UTF8.GetByteCount(TlsCompanion) <= SocketHandle.LocalPathBytesMax, $"the path of the TLS companion's socket has more than {SocketHandle.LocalPathBytesMax} bytes: {TlsCompanion}");
        Need(IsCompId(SenderCompId), $"SenderCompId '{SenderCompId}' is not 1 to 32 printable ASCII characters without '=' and blanks");
        Need(IsCompId(TargetCompId), $"TargetCompId '{TargetCompId}' is not 1 to 32 printable ASCII characters without '=' and blanks");
        Need(Account.Length <= FixText.MaxLength && Account.All(c => c is >= ' ' and <= '~'), $"Account '{Account}' is not at most {FixText.MaxLength} printable ASCII characters");
        Need(HeartbeatSeconds is >= 1 and <= 3600, $"HeartbeatSeconds {HeartbeatSeconds} is not 1 to 3600");
        Need(SendingTimeToleranceSeconds is >= 0 and <= 86_400, $"SendingTimeToleranceSeconds {SendingTimeToleranceSeconds} is not 0 to 86400");
        if (Store.Check() is { } wrongStore) wrong.Add($"Store: {wrongStore}");
        Need(IsPowerOfTwo(RecentOrders) && RecentOrders >= 1024, $"RecentOrders {RecentOrders} is not a power of two from 1024");
        Need(ReconnectFirstMs is >= 0 and <= 60_000, $"ReconnectFirstMs {ReconnectFirstMs} is not 0 to 60000");
        Need(ReconnectMaxMs >= Math.Max(1, ReconnectFirstMs) && ReconnectMaxMs <= 3_600_000, $"ReconnectMaxMs {ReconnectMaxMs} is not between ReconnectFirstMs and 3600000");
        Need(ConnectTimeoutMs is >= 10 and <= 60_000, $"ConnectTimeoutMs {ConnectTimeoutMs} is not 10 to 60000");
        Need(ReceiveBufferBytes >= 16_384, $"ReceiveBufferBytes {ReceiveBufferBytes} is below 16384");
        Need(ResendChunk is >= 0 and <= 1_000_000, $"ResendChunk {ResendChunk} is not 0 to 1000000");
        foreach (var (tag, _) in HeaderFields)
            Need(IsOwnHeaderField(tag), $"header field {tag} is no field of the standard header, or one that the session writes itself");
        foreach (var (tag, value) in LogonFields.Concat(HeaderFields).Concat(OrderFields))
            Need(tag > 0 && value.Length > 0 && value.All(c => c is >= ' ' and <= '~'), $"field {tag}={value} is not a positive tag with printable ASCII text");
        CheckComputedFields(Need);
        Need(EncodeLogonFields().Length <= 256, "LogonFields have more than 256 bytes");
        foreach (var (tag, _) in OrderFields) Need(IsFreeOrderField(tag), $"order field {tag} is of the header or the trailer, or one that the order writes itself");
        Need(EncodeOrderFields().Length <= 128, "OrderFields have more than 128 bytes");
        return wrong;
    }

    private void CheckComputedFields(Action<bool, string> need)
    {
        int[] own = [98, 108, .. ResetSequenceNumbersOnLogon ? (int[])[141] : [], .. TestSession ? (int[])[464] : [], .. UseNextExpectedSequence ? (int[])[789] : [], .. Version.IsFixt ? (int[])[1137] : []];
        var known = new HashSet<int>([8, 34, 35, 49, 52, 56, .. own, .. HeaderFields.Select(f => f.Key), .. LogonFields.Select(f => f.Key)]);
        need(ComputedLogonFields.Count <= 8, "there are more than 8 computed Logon fields");
        foreach (var field in ComputedLogonFields)
        {
            string at = $"computed Logon field {field.Tag}";
            need(field.Tag > 0 && !FixHeader.IsHeaderTag(field.Tag) && !FixHeader.IsTrailerTag(field.Tag) && known.Add(field.Tag), $"{at}: is of the header or the trailer, or stands in the Logon already");
            need(field.LengthTag == 0 || field.LengthTag > 0 && known.Add(field.LengthTag), $"{at}: its length's tag {field.LengthTag} stands in the Logon already");
            need(field.NonceBytes is >= 8 and <= 64, $"{at}: a nonce has 8 to 64 bytes, not {field.NonceBytes}");
            if (LogonKey.IsFor(field.Algorithm))
            {
                using var key = LogonKey.TryMake(field.Algorithm, field.Secret, out string of);
                need(key is not null, $"{at}: its secret: {of}");
            }
            else need(field.Algorithm == LogonAlgorithm.None || field.Secret.Length is > 0 and <= 256, $"{at}: its algorithm needs a secret of 1 to 256 bytes");
            need(field.Text.Length is > 0 and <= 256, $"{at}: its text has no characters, or more than 256");
            if (LogonTextPart.Parse(field.Text, out string problem) is not { } parts) need(false, $"{at}: {problem}");
            else
            {
                need(parts.Length <= 12, $"{at}: its text has more than 12 parts");
                need(field.Algorithm != LogonAlgorithm.None || !field.Text.Contains('\u0001', StringComparison.Ordinal), $"{at}: a separator may stand in what is signed, not in a field's own value");
                foreach (var part in parts.Where(p => p.What == LogonTextPart.Kind.Field)) need(part.Tag != field.Tag && part.Tag != field.LengthTag && known.Contains(part.Tag), $"{at}: {{{part.Tag}}} names a field that does not stand in the Logon before it");
            }
        }
    }

    /// <summary>Whether the tag is of the standard header and none that the session writes itself.</summary>
    public static bool IsOwnHeaderField(int tag) => FixHeader.IsHeaderTag(tag) && tag is not (8 or 9 or 34 or 35 or 43 or 49 or 52 or 56 or 97 or 122);

    /// <summary>Whether an order may bear the tag beside those that it writes itself.</summary>
    public static bool IsFreeOrderField(int tag) => !FixHeader.IsHeaderTag(tag) && !FixHeader.IsTrailerTag(tag) && tag is not (1 or 11 or 21 or 38 or 40 or 41 or 44 or 54 or 55 or 59 or 60);

    /// <summary>In the order in which they are tried.</summary>
    internal IEnumerable<FixEndpoint> Hosts => BackupHosts.Prepend(new FixEndpoint(Host, Port));

    internal ReconnectSchedule MakeReconnectSchedule() => new(ReconnectFirstMs, ReconnectMaxMs, ReconnectSeed ?? NameSeed($"{SenderCompId}/{TargetCompId}/{Index}"), 1 + BackupHosts.Count);

    /// <summary>FNV-1a.</summary>
    private static ulong NameSeed(string name) => name.Aggregate(0xCBF29CE484222325, (hash, c) => (hash ^ c) * 0x100000001B3);

    internal string EncodeOrderFields() => Encode(OrderFields);

    private static bool IsCompId(string id) => id.Length is > 0 and <= 32 && id.All(c => c is > ' ' and <= '~' and not '=');
    private static bool IsPowerOfTwo(int value) => value > 0 && (value & (value - 1)) == 0;

    internal byte[] EncodeLogonFields() => Encoding.ASCII.GetBytes(Encode(LogonFields));

    internal FixHeaderTemplate MakeHeader() => new(SenderCompId, TargetCompId, Microseconds, Version, Encode(HeaderFields));

    // The name of earlier stores stays that of FIX 4.4 sessions.
    private string FileName => Version == FixVersion.Fix44 ? $"{SenderCompId}-{TargetCompId}" : $"{SenderCompId}-{TargetCompId}-{Version.Name}";

    /// <summary>The file of the sequence store; null when it is in memory.</summary>
    public string? StorePath => StoreDirectory is null ? null : Path.Combine(StoreDirectory, $"{FileName}.fixstore");

    internal SequenceStore MakeStore() => new(StorePath, Store);

    /// <summary>To be disposed before the store.</summary>
    internal MessageLog? MakeMessageLog(SequenceStore store)
    {
        if (MessageLog is null) return null;
        var log = new MessageLog(MessageLog);
        log.Add(store, FileName);
        return log;
    }

    internal FixSessionSettings MakeSettings() => new()
    {
        Role = FixRole.Initiator,
        HeartbeatSeconds = HeartbeatSeconds,
        ResetSequenceNumbersOnLogon = ResetSequenceNumbersOnLogon,
        SynchroniseAfterLogon = SynchroniseAfterLogon,
        SendingTimeToleranceSeconds = SendingTimeToleranceSeconds,
        UseNextExpectedSequence = UseNextExpectedSequence,
        TestSession = TestSession,
        ResendApplicationMessages = ResendApplicationMessages,
        ResendChunk = ResendChunk,
        Schedule = Schedule,
        LogonFields = EncodeLogonFields(),
        ComputedLogonFields = ComputedLogonFields,
        PeerRepeats = VenueRepeats,
        Validator = Validation.Level == FixValidation.Off ? null : new MessageValidator(Dictionaries ?? FixDictionaries.Shipped(Version), Validation),
    };

    private static string Encode(IReadOnlyList<KeyValuePair<int, string>> fields)
    {
        var text = new StringBuilder();
        foreach (var (tag, value) in fields) text.Append(tag).Append('=').Append(value).Append('\u0001');
        return text.ToString();
    }
}
