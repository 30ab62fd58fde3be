using System.Net;
using System.Text;
using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// FIX acceptor over TCP for any application and every version, on the same session engine as the initiators. A connection is nobody's until its first message,
/// a Logon, says whose it is; one that is unknown, late, or not a Logon is closed without a word. Sessions are made at a counterparty's first logon and live,
/// with their sequence numbers, as long as the acceptor; with a store directory, longer.
/// </summary>
public sealed class FixSessionAcceptor<TApplication> : IDisposable where TApplication : IFixApplication
{
    private const int FirstMessageBytes = 4096;
    /// <summary>
    /// An accept that finds nobody is dear: Linux makes the new socket's file before it looks, and frees it by RCU, whose callbacks a spinning poller piles up until they take
    /// most of a millisecond from its core. Nobody's connecting is in such a hurry.
    /// </summary>
    private const long AcceptEveryNs = 1_000_000;

    private readonly SocketHandle _listener;
    private readonly List<AcceptorPeer<TApplication>> _peers = [];
    private readonly List<PendingConnection> _pending = [];
    private readonly byte[] _compId;
    private long _nowNs, _utcNs, _nextAcceptNs;
    private int _handled;
    internal TApplication Application;

    public FixSessionAcceptor(FixAcceptorOptions options, TApplication application)
    {
        if (options.MaxSessions is < 1 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxSessions, "MaxSessions must be 1 to 1024");
        if (options.OutputQueueBytes < 16_384)
            throw new ArgumentOutOfRangeException(nameof(options), options.OutputQueueBytes, "OutputQueueBytes must be at least 16384");
        if (options.MaxHalfOpen is < 1 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxHalfOpen, "MaxHalfOpen must be 1 to 1024");
        if (options.LogonWithinSeconds is < 1 or > 60)
            throw new ArgumentOutOfRangeException(nameof(options), options.LogonWithinSeconds, "LogonWithinSeconds must be 1 to 60");
        if (options.MaxMessageBytes is < 512 or > SequenceStore.MaxIncomingBytes)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxMessageBytes, $"MaxMessageBytes must be 512 to {SequenceStore.MaxIncomingBytes}");
        if (options.Store.Check() is { } wrong)
            throw new ArgumentOutOfRangeException(nameof(options), "Store: " + wrong);
        if (options.Versions.Count == 0)
            throw new ArgumentException("Versions is empty: nobody could log on", nameof(options));
        Options = options;
        MessageLog = options.MessageLog is null ? null : new MessageLog(options.MessageLog);
        Keeper = options.StoreDirectory is null ? null : new StoreKeeper();
        Application = application;
        _compId = Encoding.ASCII.GetBytes(new FixHeaderTemplate(options.CompId, "X", true).SenderCompId);
        _listener = SocketHandle.Listen(IPAddress.Parse(options.Address), options.Port, out int port);
        Port = port;
        // Messages may be sent before the first poll; they need a time.
        _utcNs = default(HostUtcClock).NowUtcNs();
    }

    internal FixAcceptorOptions Options { get; }
    /// <summary>One for all stores; null when they are in memory.</summary>
    internal StoreKeeper? Keeper { get; }
    /// <summary>The log of messages in plain text; null when none is asked for.</summary>
    public MessageLog? MessageLog { get; }
    public int Port { get; }
    /// <summary>Monotonic stamp of the last system call that brought bytes, taken before they were looked at: for measuring what a counterparty took to answer.</summary>
    public long LastReceivedNs { get; private set; }
    public int SessionCount => _peers.Count;
    public bool IsUp(int session) => _peers[session].Session.IsUp;
    public string Counterparty(int session) => _peers[session].CompId;
    public ReadOnlySpan<byte> CounterpartyBytes(int session) => _peers[session].CompIdBytes;
    public FixVersion Version(int session) => _peers[session].Version;
    public FixHeaderTemplate Header(int session) => _peers[session].Header;
    public FixSessionCounters Counters(int session) => _peers[session].Session.Counters;
    /// <summary>The numbers that our next message and the counterparty's next message bear.</summary>
    public (uint Outgoing, uint Incoming) NextSequences(int session) => (_peers[session].Store.NextOutgoing, _peers[session].Store.NextIncoming);
    /// <summary>Connections closed because their first message was no acceptable Logon.</summary>
    public long Refused { get; private set; }
    /// <summary>The times of the current Poll.</summary>
    public long UtcNs => _utcNs;

    /// <summary>Accepts, reads, calls the application, writes what was queued, runs session timers. Never blocks.</summary>
    /// <returns>Application messages handled.</returns>
    public int Poll(long monotonicNs, long utcNs)
    {
        _nowNs = monotonicNs;
        _utcNs = utcNs;
        _handled = 0;
        foreach (var peer in _peers) peer.Poll(monotonicNs, utcNs);
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            if (!PollPending(_pending[i])) continue;
            _pending.RemoveAt(i);
        }
        if (monotonicNs >= _nextAcceptNs)
        {
            if (_listener.Accept() is { } socket)
            {
                if (_pending.Count >= Options.MaxHalfOpen) CloseOldestPending();
                _pending.Add(new PendingConnection(socket, monotonicNs, FirstMessageBytes));
            }
            else _nextAcceptNs = monotonicNs + AcceptEveryNs;
        }
        return _handled;
    }

    private void CloseOldestPending()
    {
        Refused++;
        _pending[0].Socket.Dispose();
        _pending.RemoveAt(0);
    }

    /// <summary>Reads a new connection up to its first message, which says whose it is.</summary>
    /// <returns>True when the connection has left the waiting list.</returns>
    private bool PollPending(PendingConnection pending)
    {
        int got = pending.Read();
        var status = FixFramer.Next(pending.Bytes, FirstMessageBytes, out int length);
        if (status == FrameStatus.NeedMore && got >= 0 && _nowNs - pending.SinceNs < Options.LogonWithinSeconds * 1_000_000_000L)
            return false;
        if (status == FrameStatus.Complete)
        {
            var message = pending.Bytes[..length];
            var header = FixHeader.Read(message);
            if (header.MsgType == FixMsgType.Logon && header.Target(message).SequenceEqual(_compId) && FindVersion(in header, message) is { } version
                && FindOrMake(header.Sender(message), version) is { } peer && peer.Session.State == FixSessionState.Disconnected)
            {
                peer.Attach(pending.Socket, pending.Bytes, _nowNs, _utcNs);
                return true;
            }
        }
        Refused++;
        pending.Socket.Dispose();
        return true;
    }

    /// <summary>The version that a Logon speaks, when it is one that this acceptor speaks; FIXT says the application's by DefaultApplVerID.</summary>
    private FixVersion? FindVersion(in FixHeader header, ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> application = default;
        var fields = new FixFieldReader(message, header.BodyStart);
        while (fields.Read(out int tag, out var value))
            if (tag == FixTag.DefaultApplVerID) application = value;
        foreach (var version in Options.Versions)
            if (header.BeginString(message).SequenceEqual(version.BeginStringBytes) && (!version.IsFixt || application.SequenceEqual(version.DefaultApplVerIdBytes)))
                return version;
        return null;
    }

    private AcceptorPeer<TApplication>? FindOrMake(ReadOnlySpan<byte> compId, FixVersion version)
    {
        foreach (var known in _peers)
            if (known.Version == version && compId.SequenceEqual(known.CompIdBytes))
                return known;
        string name = Encoding.ASCII.GetString(compId);
        if (_peers.Count >= Options.MaxSessions || name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            || name.StartsWith('.') || Options.Counterparties is not null && !Options.Counterparties.Contains(name))
            return null;
        var peer = new AcceptorPeer<TApplication>(this, _peers.Count, name, version);
        _peers.Add(peer);
        return peer;
    }

    internal void NoteReceived() => LastReceivedNs = default(HostMonotonicClock).NowNs();
    internal void NoteHandled() => _handled++;

    /// <summary>Where the session's next message is to be encoded, and the number it must bear.</summary>
    public Span<byte> NextBuffer(int session, out uint sequence) => _peers[session].Session.NextBuffer(out sequence);

    /// <summary>Stores and sends what was encoded into <see cref="NextBuffer"/>; while the counterparty is away it is only stored.</summary>
    public void Send(int session, int length, uint type) => _peers[session].Session.SendReport(length, type, _nowNs);

    public void SendReject(int session, in FixHeader header, ReadOnlySpan<byte> message, int reason, int tag) => _peers[session].Session.SendReject(in header, message, reason, tag);

    public void SendBusinessReject(int session, in FixHeader header, ReadOnlySpan<byte> id, int reason, ReadOnlySpan<byte> text) =>
        _peers[session].Session.SendBusinessReject(header.Sequence, header.MsgType, id, reason, text);

    /// <summary>Starts the Logout handshake; the connection ends when it is answered or times out.</summary>
    public void Logout(int session, ReadOnlySpan<byte> text) => _peers[session].Session.Logout(text, _nowNs, _utcNs);

    /// <summary>Cuts the connection without a word, as a failing network does.</summary>
    public void Drop(int session) => _peers[session].Session.Stop(FixDownReason.Stopped, _nowNs, _utcNs);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var pending in _pending) pending.Socket.Dispose();
        foreach (var peer in _peers) peer.Store.Settle();
        MessageLog?.Dispose();
        foreach (var peer in _peers) peer.Dispose();
        Keeper?.Dispose();
    }
}

/// <summary>A connection whose first message has not come yet.</summary>
internal sealed class PendingConnection(SocketHandle socket, long sinceNs, int capacity)
{
    private readonly byte[] _bytes = new byte[capacity];
    private int _length;

    public SocketHandle Socket { get; } = socket;
    public long SinceNs { get; } = sinceNs;
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <returns>Bytes read; −1 when the connection is over.</returns>
    public unsafe int Read()
    {
        if (_length == _bytes.Length)
            return 0;
        nint got;
        fixed (byte* at = _bytes) got = Libc.recv(Socket.Fd, at + _length, (nuint)(_bytes.Length - _length), Libc.MsgDontWait);
        if (got > 0)
        {
            _length += (int)got;
            return (int)got;
        }
        return got == 0 || System.Runtime.InteropServices.Marshal.GetLastSystemError() is not (Libc.ErrorAgain or Libc.ErrorInterrupted) ? -1 : 0;
    }
}
