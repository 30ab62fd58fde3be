namespace Appliance.Fix;

/// <summary>What became of bytes handed to the link.</summary>
public enum LinkWrite : byte
{
    /// <summary>Written whole, or begun: the link finishes a begun message by itself, before anything else.</summary>
    Accepted,
    /// <summary>Not one byte was taken: the socket or the queue is full.</summary>
    Refused,
    /// <summary>The link is gone; not one byte was taken.</summary>
    Failed,
}

/// <summary>Why a session went down.</summary>
public enum FixDownReason : byte
{
    None = 0, LinkLost, LoggedOut, LogonTimeout, LogonRefused, LogoutTimeout, PeerSilent, SequenceTooLow, Protocol, CompIdProblem, SlowReader, Stopped, Emergency, OutOfHours,
    /// <summary>The peer began a message longer than what is taken.</summary>
    MessageTooLong,
    /// <summary>The disk refused a flush that the session's durability promises.</summary>
    StoreFailed,
    /// <summary>Messages of the peer are missing, and it repeats none.</summary>
    MessagesMissed,
}

/// <summary>
/// The actions of a session: what it wants written, cut, and told. A struct type parameter, so that the calls are direct. Every call happens inside a call
/// into the session, on its thread.
/// </summary>
public interface IFixSessionHost
{
    /// <param name="mayQueue">True: a message that the socket does not take is kept and written later. False: it is refused, unless part of it went.</param>
    LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue);

    /// <summary>Hands over as much as the link takes now, by one write, and keeps nothing.</summary>
    /// <returns>Bytes taken from the beginning on; 0 when the socket is full, or the rest of an earlier message comes first; −1 when the link is gone.</returns>
    int WriteSome(ReadOnlySpan<byte> messages);

    /// <summary>Nothing waits to be written: a resend may go on.</summary>
    bool LinkIsClear { get; }

    /// <summary>There is room for what one message can cause; while false, the session reads no message.</summary>
    bool CanTakeMessage { get; }

    /// <summary>Close the link. The session is already down.</summary>
    void Cut(FixDownReason reason);

    /// <summary>Logged on and in sequence.</summary>
    void OnUp();
    void OnDown(FixDownReason reason);

    /// <summary>The peer's Logon, before it is answered or taken, for fields beyond the session's own: user name, password, options.</summary>
    /// <returns>Null accepts it; a text refuses it, with a Logout that says so.</returns>
    byte[]? OnLogon(in FixHeader header, ReadOnlySpan<byte> message);

    /// <summary>An application message: in sequence, once, header sound.</summary>
    void OnMessage(in FixHeader header, ReadOnlySpan<byte> message);

    /// <summary>The peer rejected our message <paramref name="refSequence"/> at session level; <paramref name="order"/> says which order that was, if any.</summary>
    void OnRejected(in FixHeader header, uint refSequence, int reason, in StoredOrder order);

    /// <summary>A request of ours was gap-filled instead of repeated: the peer will never process it.</summary>
    void OnUnsent(uint sequence, in StoredOrder order);
}

public enum FixRole : byte { Initiator, Acceptor }

public enum FixSessionState : byte
{
    Disconnected,
    /// <summary>Initiator: our Logon is out.</summary>
    LogonSent,
    /// <summary>Acceptor: connected, and nothing heard yet.</summary>
    AwaitingLogon,
    /// <summary>Logged on, but not yet known to be in sequence both ways.</summary>
    Synchronising,
    Up,
    LogoutSent,
    /// <summary>The peer's Logout was answered; it may now cut the link.</summary>
    LogoutAnswered,
}

/// <summary>What a session needs to know. Checked by the session's constructor.</summary>
public sealed record FixSessionSettings
{
    public required FixRole Role { get; init; }
    /// <summary>HeartBtInt (108), 0–3600 s, 0 for none; an acceptor takes the initiator's.</summary>
    public int HeartbeatSeconds { get; init; } = 30;
    /// <summary>
    /// Both numbers begin at 1 at each logon, and nothing is recovered. An initiator says so by ResetSeqNumFlag (141) in its Logon; an acceptor expects 1, whatever was before.
    /// </summary>
    public bool ResetSequenceNumbersOnLogon { get; init; }
    /// <summary>NextExpectedMsgSeqNum (789) in our Logon: the peer then sends what we miss without being asked. Understood from the peer either way.</summary>
    public bool UseNextExpectedSequence { get; init; }
    /// <summary>TestMessageIndicator (464): a session for tests. A peer that says otherwise is refused.</summary>
    public bool TestSession { get; init; }
    /// <summary>Messages asked for by one ResendRequest; 0 asks for everything at once. Venues that bound a request want chunks.</summary>
    public int ResendChunk { get; init; }
    /// <summary>The session's hours; null is always open, and its numbers go on for ever.</summary>
    public SessionSchedule? Schedule { get; init; }
    /// <summary>What is checked of each message; null checks headers only.</summary>
    public MessageValidator? Validator { get; init; }
    /// <summary>Bytes kept of messages that come before their turn.</summary>
    public int HoldBackBytes { get; init; } = 1 << 16;
    /// <summary>Send stored application messages again on a resend request (acceptor), or gap-fill them and report orders unsent (initiator).</summary>
    public bool ResendApplicationMessages { get; init; }
    /// <summary>Initiator: after the Logon a TestRequest makes sure that the peer is in sequence with us before orders go. Its answer comes after any resend request.</summary>
    public bool SynchroniseAfterLogon { get; init; } = true;
    /// <summary>Largest |SendingTime − our time|, seconds; 0 does not check. FIX recommends two minutes.</summary>
    public int SendingTimeToleranceSeconds { get; init; } = 120;
    public int LogonTimeoutSeconds { get; init; } = 10;
    public int LogoutTimeoutSeconds { get; init; } = 2;
    /// <summary>Messages resent in one slice, so that a long resend does not hold up the thread; a slice is written as one piece, and ends early when that is full.</summary>
    public int ResendSlice { get; init; } = 128;
    /// <summary>Longest inbound message, at most what the store keeps. A longer one ends the session with a Logout that says so: passed over, it would be asked for again for ever.</summary>
    public int MaxMessageBytes { get; init; } = SequenceStore.MaxIncomingBytes;
    /// <summary>Further fields of our Logon, as on the wire, each with its separator.</summary>
    public byte[] LogonFields { get; init; } = [];
    /// <summary>Fields of our Logon that are made as it is sent, behind the others: nonces, times, signatures.</summary>
    public IReadOnlyList<LogonField> ComputedLogonFields { get; init; } = [];
    /// <summary>Where nonces come from; null takes the system's generator.</summary>
    public Action<Span<byte>>? Nonces { get; init; }
    /// <summary>
    /// The peer repeats messages when asked. False, for venues that repeat nothing: no ResendRequest is sent. A Logon whose number is too high is taken, and what lies before it counts as missed; a gap
    /// later ends the session, for after the next logon the application can ask how its orders stand.
    /// </summary>
    public bool PeerRepeats { get; init; } = true;
}

/// <summary>Counts of one session; each a single aligned word, read racily by watchers.</summary>
public sealed class FixSessionCounters
{
    public long MessagesIn, MessagesOut, GarbageBytes, GarbledMessages, Duplicates, GapsSeen, ResendRequestsIn, ResendRequestsOut, MessagesResent, GapFillsOut, MissedForGood, LogonsUnanswered,
        OrdersGapFilled, RejectsIn, RejectsOut, TestRequestsOut, Logons, SequenceTooLow, BackPressure, TakenBack, HeldBack;
    public FixDownReason LastDownReason;
    /// <summary>The Text of the Logout or Reject by which the last session ended, or did not begin.</summary>
    public readonly SessionWord LastWord = new();
}
