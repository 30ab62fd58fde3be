using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>A session with its actions written down, and a peer made of plain text: for scripts.</summary>
internal sealed class SessionRig
{
    public readonly List<string> Written = [];
    public readonly List<string> Told = [];
    public readonly SequenceStore Store;
    public readonly FixSession<Actions> Session;
    public readonly FixHeaderTemplate Header;
    public long NowNs = 1_000_000_000, UtcNs = FixSamples.StartUtcNs;
    public LinkWrite Link = LinkWrite.Accepted;
    public bool HasRoom = true, LinkIsClear = true;
    /// <summary>Bytes that the link takes of the next write of gathered orders; below zero it is gone.</summary>
    public int Takes = int.MaxValue;
    private byte[] _taken = [];
    public byte[]? Refusal;
    /// <summary>What is written is neither checked nor kept: for runs of many messages.</summary>
    public bool Quiet;
    /// <summary>Application messages that there is room for.</summary>
    public long Limit = long.MaxValue;

    public SessionRig(FixRole role, Func<FixSessionSettings, FixSessionSettings>? change = null, FixVersion? version = null, SequenceStore? store = null)
    {
        Store = store ?? new SequenceStore(null, new StoreOptions { SegmentBytes = StoreOptions.SegmentBytesMin, Segments = 2 });
        Header = new FixHeaderTemplate("DESK", "VENUE", false, version);
        var settings = new FixSessionSettings { Role = role, HeartbeatSeconds = 10, ResendApplicationMessages = role == FixRole.Acceptor };
        Session = new FixSession<Actions>(new Actions(this), Store, Header, change?.Invoke(settings) ?? settings);
    }

    public SessionRig Connect()
    {
        Session.OnConnected(NowNs, UtcNs);
        return this;
    }

    /// <summary>Takes a message from the peer: its type, number, and body. Times and identifiers are filled in.</summary>
    public SessionRig Receive(string type, uint sequence, string body = "", string header = "", string sender = "VENUE", string target = "DESK", long sentUtcNs = 0)
    {
        // A possible duplicate says when it was first sent, unless the test says so itself.
        if (header.StartsWith("43=Y|", StringComparison.Ordinal) && !header.Contains("122=", StringComparison.Ordinal)) header += $"122={TimeText(UtcNs)}|";
        Raw(FixSamples.Message($"35={type}|49={sender}|56={target}|34={sequence}|52={TimeText(sentUtcNs == 0 ? UtcNs : sentUtcNs)}|{header}{body}", Header.Version.BeginString));
        return this;
    }

    public void Raw(byte[] bytes)
    {
        int consumed = Session.OnBytes(bytes, NowNs, UtcNs);
        if (HasRoom && Limit > 0) Assert.Equal(bytes.Length, consumed);
    }

    public static string TimeText(long utcNs) => DateTime.UnixEpoch.AddTicks(utcNs / 100).ToString("yyyyMMdd-HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);

    public SessionRig Pass(double seconds)
    {
        long ns = (long)(seconds * 1e9);
        NowNs += ns;
        UtcNs += ns;
        Session.OnTimer(NowNs, UtcNs);
        return this;
    }

    /// <summary>What was written since the last call: type, number, body, without times.</summary>
    public string[] TakeWritten()
    {
        string[] all = [.. Written];
        Written.Clear();
        return all;
    }

    public string[] TakeTold()
    {
        string[] all = [.. Told];
        Told.Clear();
        return all;
    }

    /// <param name="gathers">It waits for the session's WriteGathered.</param>
    public SendResult Order(ulong id, bool gathers = false)
    {
        var encoder = new OrderEncoder(Header, FixSamples.Symbols(), "");
        if (Session.OrderReadiness != SendResult.Sent) return Session.OrderReadiness;
        var intent = new OrderIntent { Kind = OrderRequestKind.New, Side = Side.Buy, Instrument = 0, PriceUnits = 1_000_000, QuantityUnits = 1, ClientOrderId = id };
        int length = encoder.Encode(Session.NextBuffer(out uint sequence), in intent, sequence, UtcNs);
        var stored = new StoredOrder { ClientOrderId = id, Kind = OrderRequestKind.New, Side = Side.Buy };
        return gathers ? Session.GatherOrder(length, FixMsgType.NewOrderSingle, in stored, NowNs) : Session.SendOrder(length, FixMsgType.NewOrderSingle, in stored, NowNs);
    }

    public void Report(ulong id)
    {
        var report = new ExecutionReportMessage { OrderId = id, ExecutionId = id, ClientOrderId = FixText.FromNumber(id), Side = Side.Buy, Kind = ExecutionKind.New, Status = OrderStatus.New, TransactTimeUtcNs = UtcNs };
        var buffer = Session.NextBuffer(out uint sequence);
        Session.SendReport(ReportEncoder.ExecutionReport(buffer, Header, FixSamples.Symbols(), in report, sequence, UtcNs), FixMsgType.ExecutionReport, NowNs);
    }

    /// <summary>Logs an initiator on and brings it up.</summary>
    public SessionRig Up()
    {
        Connect();
        Receive("A", 1, "98=0|108=10|");
        Receive("0", 2, "112=1|");
        Assert.True(Session.IsUp);
        TakeWritten();
        TakeTold();
        return this;
    }

    public readonly struct Actions(SessionRig rig) : IFixSessionHost
    {
        public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue)
        {
            if (rig.Link != LinkWrite.Accepted) return rig.Link;
            if (rig.Quiet) return LinkWrite.Accepted;
            Take(message);
            return LinkWrite.Accepted;
        }

        public int WriteSome(ReadOnlySpan<byte> messages)
        {
            if (rig.Takes < 0) return -1;
            int taken = Math.Min(rig.Takes, messages.Length);
            Take(messages[..taken]);
            return taken;
        }

        /// <summary>Notes what is whole; the rest of what was begun comes with the next call.</summary>
        private void Take(ReadOnlySpan<byte> bytes)
        {
            rig._taken = [.. rig._taken, .. bytes];
            ReadOnlySpan<byte> message = rig._taken;
            // What was written in part ends without its trailer.
            int whole = message.LastIndexOf("\u000110="u8) is var trailer and >= 0 && message.Length >= trailer + 8 ? trailer + 8 : 0;
            rig._taken = [.. message[whole..]];
            message = message[..whole];
            // A slice of a resend is written as one piece.
            for (int next; !message.IsEmpty; message = message[next..])
            {
                next = message[5..].IndexOf("\u00018=FIX"u8) is var at and >= 0 ? at + 6 : message.Length;
                Note(message[..next]);
            }
        }

        private void Note(ReadOnlySpan<byte> message)
        {
            FixSamples.AssertSound(message);
            var fields = FixSamples.Fields(message);
            string type = fields.Single(f => f.Tag == 35).Value;
            uint sequence = uint.Parse(fields.First(f => f.Tag == 34).Value, System.Globalization.CultureInfo.InvariantCulture);
            string body = string.Concat(fields.Where(f => f.Tag is not (8 or 9 or 35 or 49 or 56 or 34 or 52 or 10 or 60 or 122)).Select(f => $" {f.Tag}={f.Value}"));
            rig.Written.Add($"{type} {sequence}{body}");
        }

        public bool LinkIsClear => rig.LinkIsClear;
        public bool CanTakeMessage => rig.HasRoom && rig.Limit > 0;
        public void Cut(FixDownReason reason) => rig.Told.Add($"cut {reason}");
        public void OnUp() => rig.Told.Add("up");
        public void OnDown(FixDownReason reason) => rig.Told.Add($"down {reason}");
        public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message)
        {
            rig.Told.Add("logon");
            return rig.Refusal;
        }

        public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message)
        {
            rig.Limit--;
            rig.Told.Add($"message {header.Sequence}{(header.PossDup ? " dup" : "")}");
        }

        public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) => rig.Told.Add($"rejected {refSequence} reason {reason} order {order.ClientOrderId}");
        public void OnUnsent(uint sequence, in StoredOrder order) => rig.Told.Add($"unsent {sequence} order {order.ClientOrderId}");
    }
}
