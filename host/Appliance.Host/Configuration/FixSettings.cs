using System.Globalization;
using Appliance.Fix;

namespace Appliance.Host.Configuration;

/// <summary>A FIX session as the desk file states it: whom it speaks with, in which version, what it checks, and when it is open.</summary>
internal sealed record FixSettings(string Host, int Port, string SenderCompId, string TargetCompId, int HeartbeatSeconds, bool ResetOnLogon, string Account, IReadOnlyList<(int Tag, string Value)> LogonTags)
{
    public FixVersion Version { get; init; } = FixVersion.Fix44;
    public FixValidationOptions Validation { get; init; } = new();
    /// <summary>Tags of the logon whose values are secret: a message log shows asterisks.</summary>
    public IReadOnlyList<int> SecretLogonTags { get; init; } = [];
    /// <summary>Null takes those that come with the program.</summary>
    public FixDictionaries? Dictionaries { get; init; }
    /// <summary>Null is always open.</summary>
    public SessionSchedule? Schedule { get; init; }
    public IReadOnlyList<(int Tag, string Value)> HeaderTags { get; init; } = [];
    public IReadOnlyList<(int Tag, string Value)> OrderTags { get; init; } = [];
    public bool UseNextExpectedSequence { get; init; }
    public bool TestSession { get; init; }
    public bool ResendMessages { get; init; }
    public int ResendChunk { get; init; }
    public int SendingTimeToleranceSeconds { get; init; } = 120;
    public bool Microseconds { get; init; } = true;
    /// <summary>The venue answers OrderMassStatusRequest: it is asked which orders stand each time that the session comes up.</summary>
    public bool MassStatus { get; init; }
    /// <summary>Orders that it lists and nobody here knows are withdrawn.</summary>
    public bool CancelsUnknownOrders { get; init; }
    /// <summary>Fields of the Logon that are made as it is sent.</summary>
    public IReadOnlyList<LogonField> LogonSignature { get; init; } = [];
    /// <summary>The venue repeats messages when it is asked to.</summary>
    public bool AsksForResends { get; init; } = true;
    public TransportSettings Transport { get; init; } = new();
    /// <summary>The session that copies of our executions are read from; null without one.</summary>
    public DropCopySettings? DropCopy { get; init; }

    /// <summary>Versions for which dictionaries come with the program.</summary>
    private static readonly FixVersion[] Versions = [FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50, FixVersion.Fix50Sp1, FixVersion.Fix50Sp2];

    private static readonly string[] DayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    private static readonly Section ValidationKeys = new("validation",
        new("level", SettingType.Choice, "What is checked of each message received: off: the header; structural: also the order of the parts, values, tags; full: also all that the dictionary says.") { Default = "\"off\"", Choices = ["off", "structural", "full"] },
        new("userTags", SettingType.Flag, "full: tags from 5000 on must be in the dictionary and belong to the message.") { Default = "true" },
        new("unknownFields", SettingType.Flag, "full: fields below 5000 that the dictionary does not have in a message are let pass.") { Default = "false" },
        new("fieldOrder", SettingType.Flag, "structural and full: header, body and trailer stand in that order.") { Default = "true" },
        new("groupOrder", SettingType.Flag, "full: fields of a repeating group stand in the dictionary's order.") { Default = "false" });

    private static readonly Section ScheduleKeys = new("schedule",
        new("kind", SettingType.Choice, "always: no hours, and numbers that go on for ever; daily: from start to end on each of days; weekly: from startDay, start to endDay, end; 24x7: never closed, numbers begin anew each day at resetTime.") { Default = "\"always\"", Choices = ["always", "daily", "weekly", "24x7"] },
        new("timeZone", SettingType.Text, "The zone that the times are of, as the venue states them.") { Default = "\"UTC\"" },
        new("start", SettingType.Text, "daily, weekly: when it opens, HH:MM or HH:MM:SS.") { Default = "\"00:00\"" },
        new("end", SettingType.Text, "daily, weekly: when it closes; not after start: on the next day.") { Default = "\"00:00\"" },
        new("days", SettingType.TextList, "daily: the days on which it opens; empty: every day.") { Default = "[]" },
        new("startDay", SettingType.Choice, "weekly: the day on which it opens.") { Default = "\"sunday\"", Choices = DayNames },
        new("endDay", SettingType.Choice, "weekly: the day on which it closes.") { Default = "\"friday\"", Choices = DayNames },
        new("resetTime", SettingType.Text, "24x7: when sequence numbers begin at 1, within the session.") { Default = "\"00:00\"" });

    /// <summary>The session's keys within the desk file's venue.</summary>
    public static readonly Setting[] Keys =
    [
        .. TransportSettings.Keys,
        new("dropCopy", SettingType.Object, "A drop-copy session with the venue, read only: its copies of our executions are held against our own record. Off unless this object is given.") { Section = DropCopySettings.Keys },
        new("version", SettingType.Choice, "The version of FIX; those from FIX.5.0 on over FIXT.1.1, with their DefaultApplVerID.") { Default = "\"FIX.4.4\"", Choices = [.. Versions.Select(v => v.Name)] },
        new("senderCompId", SettingType.Text, "Our CompID.") { Default = "\"HEDGER\"" },
        new("targetCompId", SettingType.Text, "The venue's CompID.") { Default = "\"VENUE\"" },
        new("account", SettingType.Text, "Account (tag 1) on orders; empty leaves it out.") { Default = "\"\"" },
        new("heartbeatSeconds", SettingType.Integer, "HeartBtInt.") { Default = "10", Min = 1, Max = 3600, Unit = "s" },
        new("resetOnLogon", SettingType.Flag, "Ask for sequence numbers to start at 1 at each logon. Recovery of missed reports needs false.") { Default = "false" },
        new("nextExpectedSequence", SettingType.Flag, "NextExpectedMsgSeqNum (789) in the Logon, from FIX 4.4 on: the venue sends what was missed without being asked.") { Default = "false" },
        new("testSession", SettingType.Flag, "TestMessageIndicator (464) in the Logon, and expected in the venue's.") { Default = "false" },
        new("resendMessages", SettingType.Flag, "Send orders again when the venue asks for them. Off, they are gap-filled and count as unsent: a stale order must not be sent again.") { Default = "false" },
        new("resendRequests", SettingType.Flag, "Ask the venue for messages that were missed. Off, for venues that repeat nothing: what was missed before a Logon is passed over and counted, a gap later ends the session; what became of orders must come by massStatus.") { Default = "true" },
        new("resendChunk", SettingType.Integer, "Messages asked for by one ResendRequest; 0 asks for everything at once.") { Default = "0", Min = 0, Max = 1000000 },
        new("sendingTimeToleranceSeconds", SettingType.Integer, "How far the venue's SendingTime may be from our clock; 0 does not check.") { Default = "120", Min = 0, Max = 86400, Unit = "s" },
        new("microseconds", SettingType.Flag, "Times with six decimals instead of three.") { Default = "true" },
        new("massStatus", SettingType.Flag, "The venue answers OrderMassStatusRequest (35=AF, FIX 4.4 on): each time that the session comes up it is asked which orders stand, before anything new is placed. Without, orders of an earlier run are asked about one by one.") { Default = "false" },
        new("unknownOrders", SettingType.Choice, "massStatus: what is done with orders that the venue lists and nobody here knows: report: an alarm, and `appliance console --cancel-unknown` withdraws them; cancel: they are withdrawn at once.") { Default = "\"report\"", Choices = ["report", "cancel"] },
        new("headerTags", SettingType.TextList, "Further fields of every header, each \"tag=value\", e.g. 50 and 57 for SenderSubID and TargetSubID.") { Default = "[]" },
        new("orderTags", SettingType.TextList, "Further fields of every new order and amend, each \"tag=value\", e.g. 528=P for OrderCapacity or 15=USD for Currency.") { Default = "[]" },
        new("logonTags", SettingType.TextList, "Further logon fields, each \"tag=value\"; no passwords (554, 925).") { Default = "[]" },
        new("logonTagFiles", SettingType.TextList, "Further logon fields whose values are secret, each \"tag=file\", the file relative to the desk file. Read at start; the journal holds the file's name only.") { Default = "[]" },
        LogonSignatureSettings.Key,
        new("dictionary", SettingType.Text, "The venue's data dictionary, QuickFIX's XML format, relative to the desk file; empty takes the one that comes with the program. For validation full.") { Default = "\"\"" },
        new("transportDictionary", SettingType.Text, "The same of FIXT.1.1, with a dictionary of FIX 5.0 or later.") { Default = "\"\"" },
        new("validation", SettingType.Object, "What is checked of each message received.") { Section = ValidationKeys },
        new("schedule", SettingType.Object, "The session's hours. Outside of them nothing connects; each opening begins with sequence numbers of 1.") { Section = ScheduleKeys },
    ];

    /// <param name="readsFiles">False in a replay, which logs on nowhere: the machine that replays need not hold secrets and dictionaries.</param>
    public static FixSettings Read(ConfigurationObject venue, string file, bool readsFiles)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var version = FixVersion.All.FirstOrDefault(v => v.Name == venue.Text("version")) ?? FixVersion.Fix44;
        if (venue.Flag("nextExpectedSequence") && !version.IsAtLeast(FixVersion.Fix44))
            venue.Error("nextExpectedSequence", "true", $"false with {version.Name}: the field is of FIX 4.4 and later");
        if (venue.Flag("massStatus") && !version.IsAtLeast(FixVersion.Fix44))
            venue.Error("massStatus", "true", $"false with {version.Name}: the message is of FIX 4.3 and later");
        if (venue.Given("unknownOrders") && venue.Text("unknownOrders") == "cancel" && !venue.Flag("massStatus"))
            venue.Error("unknownOrders", "\"cancel\"", "\"cancel\" with massStatus true only: nothing else finds such orders");
        foreach (string key in new[] { "senderCompId", "targetCompId" })
            if (venue.Has(key) && !(venue.Text(key).Length is > 0 and <= 32 && venue.Text(key).All(c => c is > ' ' and <= '~' and not '=' and not '/')))
                venue.Error(key, $"\"{venue.Text(key)}\"", "1 to 32 printable ASCII characters without blanks, '=' and '/'");
        var transport = TransportSettings.Read(venue, folder, readsFiles);
        var validation = venue.Object("validation");
        var level = validation.Text("level") switch { "structural" => FixValidation.Structural, "full" => FixValidation.Full, _ => FixValidation.Off };
        return new FixSettings(venue.Text("host"), (int)venue.Integer("port"), venue.Text("senderCompId"), venue.Text("targetCompId"), (int)venue.Integer("heartbeatSeconds"), venue.Flag("resetOnLogon"), venue.Text("account"),
            LogonFields(venue, folder, readsFiles))
        {
            Version = version, SecretLogonTags = [.. venue.Texts("logonTagFiles").Select(text => IsField(text, out int tag, out _) ? tag : 0), .. venue.List(LogonSignatureSettings.Key.Key).Select(o => (int)o.Integer("tag"))],
            LogonSignature = LogonSignatureSettings.Read(venue, folder, readsFiles), AsksForResends = venue.Flag("resendRequests"),
            Validation = new FixValidationOptions
            {
                Level = level, CheckUserTags = validation.Flag("userTags"), AllowUnknownFields = validation.Flag("unknownFields"), CheckFieldOrder = validation.Flag("fieldOrder"), CheckGroupOrder = validation.Flag("groupOrder"),
            },
            Dictionaries = ReadDictionaries(venue, folder, version, level, readsFiles),
            Schedule = ReadSchedule(venue.Object("schedule")),
            HeaderTags = HeaderFields(venue),
            OrderTags = Fields(venue, "orderTags", FixSessionOptions.IsFreeOrderField, "a field of the body that the order does not write itself: not 1, 11, 21, 38, 40, 41, 44, 54, 55, 59, 60"),
            UseNextExpectedSequence = venue.Flag("nextExpectedSequence"), TestSession = venue.Flag("testSession"), ResendMessages = venue.Flag("resendMessages"), ResendChunk = (int)venue.Integer("resendChunk"),
            SendingTimeToleranceSeconds = (int)venue.Integer("sendingTimeToleranceSeconds"), Microseconds = venue.Flag("microseconds"),
            DropCopy = venue.Given("dropCopy") ? DropCopySettings.Read(venue, version, transport, folder, readsFiles) : null,
            MassStatus = venue.Flag("massStatus"), CancelsUnknownOrders = venue.Text("unknownOrders") == "cancel",
            Transport = transport,
        };
    }

    internal static List<(int, string)> LogonFields(ConfigurationObject venue, string folder, bool readsFiles)
    {
        var fields = new List<(int, string)>();
        foreach (string text in venue.Texts("logonTags"))
        {
            if (!IsField(text, out int tag, out string value)) venue.Error("logonTags", $"\"{text}\"", "\"tag=value\" with a positive tag and printable ASCII");
            // Password (554) and NewPassword (925): the desk file is pinned in every journal.
            else if (tag is 554 or 925) venue.Error("logonTags", $"a password (tag {tag}) in clear", "\"tag=file\" in venue.logonTagFiles, for every journal holds the desk file");
            else fields.Add((tag, value));
        }
        foreach (string text in venue.Texts("logonTagFiles"))
        {
            if (!IsField(text, out int tag, out string name)) venue.Error("logonTagFiles", $"\"{text}\"", "\"tag=file\" with a positive tag");
            else if (readsFiles)
            {
                string path = Path.Combine(folder, name);
                string value = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
                if (value != "") fields.Add((tag, value));
                else venue.Error("logonTagFiles", $"\"{text}\"", "a file that exists, relative to the desk file, and holds the value");
            }
        }
        return fields;
    }

    internal static List<(int, string)> HeaderFields(ConfigurationObject session) =>
        Fields(session, "headerTags", FixSessionOptions.IsOwnHeaderField, "a field of the standard header that the session does not write itself, e.g. 50, 57, 115, 116, 128, 129, 142, 143");

    private static List<(int, string)> Fields(ConfigurationObject venue, string key, Func<int, bool> isAllowed, string allowed)
    {
        var fields = new List<(int, string)>();
        foreach (string text in venue.Texts(key))
        {
            if (!IsField(text, out int tag, out string value)) venue.Error(key, $"\"{text}\"", "\"tag=value\" with a positive tag and printable ASCII");
            else if (!isAllowed(tag)) venue.Error(key, $"\"{text}\"", allowed);
            else fields.Add((tag, value));
        }
        return fields;
    }

    private static bool IsField(string text, out int tag, out string value)
    {
        string[] parts = text.Split('=', 2);
        value = parts.Length == 2 ? parts[1] : "";
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out tag) && tag > 0 && value != "" && value.All(c => c is >= ' ' and <= '~');
    }

    private static FixDictionaries? ReadDictionaries(ConfigurationObject venue, string folder, FixVersion version, FixValidation level, bool readsFiles)
    {
        string application = venue.Text("dictionary"), transport = venue.Text("transportDictionary");
        if (transport != "" && !version.IsFixt) venue.Error("transportDictionary", $"\"{transport}\"", $"nothing with {version.Name}, whose dictionary holds the session's messages too");
        else if (transport != "" && application == "") venue.Error("transportDictionary", $"\"{transport}\"", "with venue.dictionary, the application's, beside it");
        else if (application != "" && transport == "" && version.IsFixt) venue.Error("dictionary", $"\"{application}\"", $"with venue.transportDictionary beside it: the session messages of {version.Name} are those of FIXT.1.1");
        else if (application != "" && level != FixValidation.Full) venue.Error("dictionary", $"\"{application}\"", "with venue.validation.level \"full\": nothing else reads it");
        else if (application != "" && readsFiles && Load("dictionary", application) is { } first && (transport == "" ? null : Load("transportDictionary", transport)) is var second && (transport == "" || second is not null))
        {
            try
            {
                var dictionaries = new FixDictionaries(first, second);
                if (dictionaries.Version == version) return dictionaries;
                venue.Error("dictionary", $"\"{application}\", of {dictionaries.Version.Name}", $"one of venue.version, {version.Name}");
            }
            catch (ArgumentException e) { venue.Error("dictionary", $"\"{application}\"", $"a dictionary of {version.Name} ({Without(e)})"); }
        }
        return null;

        FixDictionary? Load(string key, string name)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) venue.Error(key, $"\"{name}\"", "a file that exists, relative to the desk file");
            else
            {
                try { return FixDictionaryReader.Read(path); }
                catch (FixDictionaryException e) { venue.Error(key, $"\"{name}\"", $"a data dictionary in QuickFIX's XML format ({e.Message})"); }
            }
            return null;
        }
    }

    private static SessionSchedule? ReadSchedule(ConfigurationObject schedule)
    {
        string kind = schedule.Text("kind");
        string[] used = kind switch { "daily" => ["timeZone", "start", "end", "days"], "weekly" => ["timeZone", "start", "end", "startDay", "endDay"], "24x7" => ["timeZone", "resetTime"], _ => [] };
        string[] needed = kind switch { "daily" => ["start", "end"], "weekly" => ["startDay", "start", "endDay", "end"], "24x7" => ["resetTime"], _ => [] };
        foreach (string key in new[] { "timeZone", "start", "end", "days", "startDay", "endDay", "resetTime" })
        {
            if (schedule.Given(key) && kind != "" && !used.Contains(key)) schedule.Error(key, "a value", $"nothing with kind \"{kind}\"{(used.Length == 0 ? "" : ", which has " + string.Join(", ", used))}");
            if (!schedule.Given(key) && needed.Contains(key)) schedule.Error(key, "nothing", $"a value, for kind \"{kind}\"");
        }
        bool isSound = Time("start", out var start) & Time("end", out var end) & Time("resetTime", out var resetTime);
        var days = new List<DayOfWeek>();
        foreach (string name in schedule.Texts("days"))
        {
            if (Array.IndexOf(DayNames, name) is >= 0 and var day) days.Add((DayOfWeek)day);
            else schedule.Error("days", $"\"{name}\"", "days: " + string.Join(", ", DayNames));
        }
        if (used.Length == 0 || !isSound) return null;
        try
        {
            return kind switch
            {
                "daily" => SessionSchedule.Daily(schedule.Text("timeZone"), start, end, days),
                "weekly" => SessionSchedule.Weekly(schedule.Text("timeZone"), Day("startDay"), start, Day("endDay"), end),
                _ => SessionSchedule.Continuous(schedule.Text("timeZone"), resetTime),
            };
        }
        catch (ArgumentException e) { schedule.Error("timeZone", $"\"{schedule.Text("timeZone")}\"", $"a time zone of this machine ({Without(e)})"); }
        return null;

        DayOfWeek Day(string key) => (DayOfWeek)Math.Max(0, Array.IndexOf(DayNames, schedule.Text(key)));

        bool Time(string key, out TimeOnly time)
        {
            time = default;
            if (!schedule.Has(key) || TimeOnly.TryParseExact(schedule.Text(key), ["HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out time)) return true;
            schedule.Error(key, $"\"{schedule.Text(key)}\"", "a time of day such as \"17:00\" or \"17:00:30\"");
            return false;
        }
    }

    /// <summary>The sentence without the parameter's name that the exception appends.</summary>
    private static string Without(ArgumentException e) => e.Message.Split(" (Parameter", 2)[0];
}
