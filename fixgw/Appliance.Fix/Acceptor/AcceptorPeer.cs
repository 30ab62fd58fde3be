using System.Text;

namespace Appliance.Fix;

/// <summary>One counterparty of an acceptor: its store, its session, and its connection when it has one.</summary>
internal sealed class AcceptorPeer<TApplication> : IDisposable where TApplication : IFixApplication
{
    private readonly FixSessionAcceptor<TApplication> _owner;
    private readonly TcpLink _link;
    private long _rateWindowNs, _messagesBefore;

    public AcceptorPeer(FixSessionAcceptor<TApplication> owner, int index, string compId, FixVersion version)
    {
        _owner = owner;
        Index = index;
        CompId = compId;
        Version = version;
        CompIdBytes = Encoding.ASCII.GetBytes(compId);
        var options = owner.Options;
        // The name of earlier stores stays that of FIX 4.4 sessions.
        string name = version == FixVersion.Fix44 ? $"{options.CompId}-{compId}" : $"{options.CompId}-{compId}-{version.Name}";
        string? path = options.StoreDirectory is null ? null : Path.Combine(options.StoreDirectory, $"{name}.fixstore");
        Store = new SequenceStore(path, options.Store, owner.Keeper);
        owner.MessageLog?.Add(Store, name);
        Header = new FixHeaderTemplate(options.CompId, compId, options.Microseconds, version);
        _link = new TcpLink(Math.Max(1 << 16, options.MaxMessageBytes * 4), options.OutputQueueBytes);
        var dictionaries = options.Validation.Level == FixValidation.Off ? null : options.Dictionaries?.Invoke(version) ?? FixDictionaries.Shipped(version);
        Session = new FixSession<Actions>(new Actions(this), Store, Header, new FixSessionSettings
        {
            Role = FixRole.Acceptor, ResendApplicationMessages = true, ResetSequenceNumbersOnLogon = options.ResetSequenceNumbersOnLogon, MaxMessageBytes = options.MaxMessageBytes,
            UseNextExpectedSequence = options.UseNextExpectedSequence, TestSession = options.TestSession, Schedule = options.Schedule, SendingTimeToleranceSeconds = options.SendingTimeToleranceSeconds,
            Validator = dictionaries is null ? null : new MessageValidator(dictionaries, options.Validation),
        });
    }

    public int Index { get; }
    public string CompId { get; }
    public FixVersion Version { get; }
    public byte[] CompIdBytes { get; }
    public SequenceStore Store { get; }
    public FixHeaderTemplate Header { get; }
    public FixSession<Actions> Session { get; }

    public void Attach(SocketHandle socket, ReadOnlySpan<byte> read, long nowNs, long utcNs)
    {
        _link.Attach(socket, read);
        Session.OnConnected(nowNs, utcNs);
        Take(nowNs, utcNs);
    }

    public void Poll(long nowNs, long utcNs)
    {
        if (!_link.IsOpen)
            return;
        int got = _link.Receive();
        if (got > 0) _owner.NoteReceived();
        bool lost = !_link.Flush() || got < 0;
        lost |= !Take(nowNs, utcNs);
        if (!_link.IsOpen)
            return;
        if (lost)
        {
            Session.OnLinkLost(nowNs, utcNs);
            _link.Close();
            return;
        }
        Session.OnTimer(nowNs, utcNs);
    }

    /// <summary>Hands the session what was read; what it answers leaves by one write.</summary>
    /// <returns>False when the connection is gone.</returns>
    private bool Take(long nowNs, long utcNs)
    {
        if (nowNs - _rateWindowNs >= 1_000_000_000)
        {
            _rateWindowNs = nowNs;
            _messagesBefore = Session.Counters.MessagesIn;
        }
        if (_link.Received.IsEmpty)
            return true;
        _link.Hold();
        _link.Consume(Session.OnBytes(_link.Received, nowNs, utcNs));
        return _link.Release();
    }

    public void Dispose()
    {
        _link.Dispose();
        Store.Dispose();
    }

    /// <summary>The session's actions, as direct calls.</summary>
    public readonly struct Actions(AcceptorPeer<TApplication> peer) : IFixSessionHost
    {
        public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue) => peer._link.Write(message, mayQueue);
        public int WriteSome(ReadOnlySpan<byte> messages) => peer._link.WriteSome(messages);
        public bool LinkIsClear => !peer._link.HasBacklog;
        // Over its rate a counterparty is read no further until the second is over; its own socket then fills up.
        public bool CanTakeMessage => peer._owner.Options.MaxMessagesPerSecond == 0 || peer.Session.Counters.MessagesIn - peer._messagesBefore < peer._owner.Options.MaxMessagesPerSecond;

        public void Cut(FixDownReason reason)
        {
            // A last word (a Logout that says why) may still stand in the queue.
            peer._link.Flush();
            peer._link.Close();
        }

        public byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message) => peer._owner.Application.OnLogon(peer.Index, in header, message);
        public void OnUp() => peer._owner.Application.OnSessionUp(peer.Index);
        public void OnDown(FixDownReason reason) => peer._owner.Application.OnSessionDown(peer.Index, reason);

        public void OnMessage(in FixHeader header, ReadOnlySpan<byte> message)
        {
            peer._owner.NoteHandled();
            peer._owner.Application.OnMessage(peer.Index, in header, message);
        }

        public void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order) { }
        public void OnUnsent(uint sequence, in StoredOrder order) { }
    }
}
