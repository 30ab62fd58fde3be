using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>What a drop-copy session is compared by.</summary>
public sealed record DropCopyOptions
{
    /// <summary>Only copies with this Account (1) are ours; empty takes all.</summary>
    public string Account { get; init; } = "";
    /// <summary>How long one record may be ahead of the other, nanoseconds.</summary>
    public long MatchWithinNs { get; init; } = 5_000_000_000;
    /// <summary>Executions remembered, a power of two.</summary>
    public int Capacity { get; init; } = 1 << 16;
    /// <summary>UTC nanoseconds at which our own record begins: copies of executions before it are counted and not compared.</summary>
    public long RecordBeginsUtcNs { get; init; }
}

/// <summary>Counts of what came over a drop-copy session and was not compared.</summary>
public sealed class DropCopyReadCounters
{
    public long OtherReports, OtherMessages, ForeignAccounts, UnknownSymbols, Unreadable, BeforeRecord, SessionUps;
}

/// <summary>
/// A drop-copy session: an initiator that reads the venue's copies of our execution reports and sends nothing but what the session itself needs; it has no road for an order. What it reads is held
/// against our own record, which comes by the tap. One thread polls it.
/// </summary>
public sealed class DropCopySession : IDisposable
{
    private readonly FixSessionInitiator<Application> _session;
    private readonly ExecutionTap _ours;
    private readonly Application _application;

    public DropCopySession(FixSessionOptions options, DropCopyOptions copy, ReadOnlySpan<InstrumentDefinition> instruments, ExecutionTap ours, DropCopyMonitor? monitor = null)
    {
        _ours = ours;
        _application = new Application(copy, new SymbolTable(instruments), monitor);
        _session = new FixSessionInitiator<Application>(options, _application);
    }

    public DropCopyMonitor Monitor => _application.Monitor;
    public DropCopyReadCounters Read => _application.Read;
    public long Lost => _ours.Lost;
    public bool IsUp => _session.IsUp;
    public FixSessionState State => _session.State;
    public FixSessionCounters SessionCounters => _session.Counters;
    public string? LastConnectError => _session.LastConnectError;
    public (uint Outgoing, uint Incoming) NextSequences => _session.NextSequences;

    /// <summary>Reads both records and judges what is past the bound. Never blocks.</summary>
    public void Poll(long monotonicNs, long utcNs)
    {
        _application.NowNs = monotonicNs;
        // Ours first: what both were told in one moment is then met, not waited for.
        while (_ours.TryRead(out var execution)) Monitor.OnOurs(in execution, monotonicNs);
        _session.Poll(monotonicNs, utcNs);
        Monitor.Turn(monotonicNs);
    }

    /// <summary>Starts the Logout handshake and lets no reconnect follow.</summary>
    public void Logout() => _session.Logout(default);

    /// <summary>
    /// What earlier runs were told, from the stores of both sessions, before either is opened for this run. Executions of ours from before the copy's first message need not be in it.
    /// </summary>
    public static void Seed(DropCopyMonitor monitor, string orderStore, string copyStore, DropCopyOptions options, ReadOnlySpan<InstrumentDefinition> instruments, long nowNs)
    {
        var application = new Application(options, new SymbolTable(instruments), monitor) { NowNs = nowNs };
        long copyBegins = BeginOf(copyStore);
        foreach (var (about, message) in Received(orderStore))
        {
            var header = FixHeader.Read(message);
            if (header.MsgType == FixMsgType.ExecutionReport && application.TryRead(in header, message, isOurs: true, out var execution)) monitor.OnOurs(in execution, nowNs, about.TimeUtcNs < copyBegins);
        }
        foreach (var (_, message) in Received(copyStore))
        {
            var header = FixHeader.Read(message);
            if (header.MsgType == FixMsgType.ExecutionReport && application.TryRead(in header, message, isOurs: false, out var execution)) monitor.OnCopy(in execution, nowNs);
        }
    }

    /// <summary>UTC nanoseconds of a store's first message; <see cref="long.MaxValue"/> when there is none.</summary>
    public static long BeginOf(string store)
    {
        if (!File.Exists(store) || !StoreFileReader.IsStore(store)) return long.MaxValue;
        foreach (var (about, _) in StoreFileReader.Read(store)) return about.TimeUtcNs;
        return long.MaxValue;
    }

    private static IEnumerable<(StoredMessage About, byte[] Message)> Received(string store) =>
        File.Exists(store) && StoreFileReader.IsStore(store) ? StoreFileReader.Read(store).Where(m => m.About.Direction == StoreDirection.In) : [];

    public void Dispose() => _session.Dispose();

    /// <summary>The messages of the session, as far as they are executions.</summary>
    private sealed class Application : IFixApplication
    {
        private readonly DropCopyOptions _options;
        private readonly SymbolTable _symbols;
        private readonly byte[] _account;

        public Application(DropCopyOptions options, SymbolTable symbols, DropCopyMonitor? monitor = null)
        {
            _options = options;
            _symbols = symbols;
            _account = System.Text.Encoding.ASCII.GetBytes(options.Account);
            Monitor = monitor ?? new DropCopyMonitor(options.Capacity, options.MatchWithinNs);
        }

        public DropCopyMonitor Monitor { get; }
        public DropCopyReadCounters Read { get; } = new();
        public long NowNs { get; set; }

        public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message) => null;

        public void OnSessionUp(int session)
        {
            Read.SessionUps++;
            Monitor.OnCopySession(true, NowNs);
        }

        public void OnSessionDown(int session, FixDownReason reason) => Monitor.OnCopySession(false, NowNs);

        public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message)
        {
            if (header.MsgType != FixMsgType.ExecutionReport) Read.OtherMessages++;
            else if (TryRead(in header, message, isOurs: false, out var execution)) Monitor.OnCopy(in execution, NowNs);
        }

        /// <summary>The execution that a report tells of; false when it tells of none, or of none of ours.</summary>
        public bool TryRead(in FixHeader header, ReadOnlySpan<byte> message, bool isOurs, out SeenExecution execution)
        {
            execution = default;
            var report = ReportDecoder.ExecutionReport(message, header.BodyStart);
            if (report.Problem < 0 && !SeenExecution.IsOne(report.Kind)) { Read.OtherReports++; return false; }
            if (!isOurs && !IsCompared(message, header.BodyStart)) return false;
            int instrument = _symbols.Find(report.Symbol);
            if (report.Problem < 0 && instrument < 0) { Read.UnknownSymbols++; return false; }
            if (report.Problem >= 0 || !TryParse(report.LastPrice, _symbols.PriceDecimals[instrument], out long price) || !TryParse(report.LastQuantity, _symbols.QuantityDecimals[instrument], out long quantity))
            {
                Read.Unreadable++;
                return false;
            }
            execution = SeenExecution.Of(in report, (ushort)instrument, price, quantity);
            return true;
        }

        /// <summary>Whether a copy is of our account, and of our record's time.</summary>
        private bool IsCompared(ReadOnlySpan<byte> message, int bodyStart)
        {
            bool isOfAccount = _account.Length == 0;
            long timeUtcNs = long.MaxValue;
            var fields = new FixFieldReader(message, bodyStart);
            while (fields.Read(out int tag, out var value))
            {
                if (tag == FixTag.Account && value.SequenceEqual(_account)) isOfAccount = true;
                else if (tag == FixTag.TransactTime && FixTimestamp.TryParse(value, out long time)) timeUtcNs = time;
            }
            if (!isOfAccount) Read.ForeignAccounts++;
            else if (timeUtcNs < _options.RecordBeginsUtcNs) Read.BeforeRecord++;
            else return true;
            return false;
        }

        private static bool TryParse(ReadOnlySpan<byte> text, int decimals, out long units)
        {
            units = 0;
            return text.IsEmpty || FixNumber.ParseDecimal(text, decimals, out units) != DecimalParse.Malformed;
        }
    }
}
