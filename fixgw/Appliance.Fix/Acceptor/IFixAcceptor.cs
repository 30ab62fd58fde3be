using Appliance.Contract;

namespace Appliance.Fix;

/// <summary>
/// What a venue does with the sessions of its acceptor. Called from <see cref="IFixAcceptor.Poll"/>, on its thread; messages come in sequence and once.
/// A handler may send reports from within a call.
/// </summary>
public interface IFixAcceptorHandler
{
    /// <summary>A counterparty is logged on. Its index stays the same for as long as the acceptor lives, across reconnects.</summary>
    /// <param name="cancelOnDisconnect">Whether its Logon asked, by the tag of <see cref="FixAcceptorOptions.CancelOnDisconnectTag"/>, to have its orders cancelled when the session goes down.</param>
    void OnSessionUp(int session, ReadOnlySpan<byte> counterparty, bool cancelOnDisconnect);
    void OnSessionDown(int session);
    void OnNewOrder(int session, in NewOrderRequest request);
    void OnCancel(int session, in CancelOrderRequest request);
    void OnReplace(int session, in ReplaceOrderRequest request);
    /// <summary>OrderStatusRequest: how does the order named by ClientOrderId stand? A handler that keeps no orders has no answer.</summary>
    void OnStatusRequest(int session, in CancelOrderRequest request) { }
    /// <summary>OrderMassStatusRequest: a report of each order that stands, or <see cref="IFixAcceptor.SendNoOrders"/>; at once or later.</summary>
    /// <returns>False when this venue does not answer such requests: the acceptor then rejects it.</returns>
    bool OnMassStatusRequest(int session, in MassStatusRequest request) => false;
}

/// <summary>
/// The accepting side of order entry: one thread polls the listener and every session. Reports for a session that is away are numbered and stored,
/// and reach it by its resend request after the next logon.
/// </summary>
public interface IFixAcceptor : IDisposable
{
    /// <summary>The port that is listened on, also where the options said 0.</summary>
    int Port { get; }

    /// <summary>Accepts, reads, calls the handler, writes what was queued, runs session timers. Never blocks.</summary>
    /// <returns>Application messages handled.</returns>
    int Poll(long monotonicNs, long utcNs);

    int SessionCount { get; }
    bool IsUp(int session);
    /// <summary>The counterparty's SenderCompID.</summary>
    string Counterparty(int session);

    void SendExecutionReport(int session, in ExecutionReportMessage report);
    void SendCancelReject(int session, in CancelRejectMessage reject);
    /// <summary>Answers an order mass status request: no order stands.</summary>
    void SendNoOrders(int session, in FixText massStatusId);

    /// <summary>Starts the Logout handshake; the connection ends when it is answered or times out.</summary>
    void Logout(int session, ReadOnlySpan<byte> text);
    /// <summary>Cuts the connection without a word, as a failing network does.</summary>
    void Drop(int session);
}

/// <summary>Options of an acceptor. Checked by its constructor.</summary>
public sealed record FixAcceptorOptions
{
    /// <summary>IPv4 address listened on. Loopback by default: a simulated venue is nobody else's business.</summary>
    public string Address { get; init; } = "127.0.0.1";
    /// <summary>TCP port; 0 takes a free one.</summary>
    public int Port { get; init; }
    /// <summary>Our CompID: what counterparties write into TargetCompID (56).</summary>
    public required string CompId { get; init; }
    /// <summary>Counterparties that may log on; null lets anyone in.</summary>
    public IReadOnlyList<string>? Counterparties { get; init; }
    /// <summary>Sessions that can exist at once, 1–1024.</summary>
    public int MaxSessions { get; init; } = 16;
    /// <summary>Folder of the sequence stores, files of its own for each counterparty; null keeps them in memory, so that they last as long as the acceptor.</summary>
    public string? StoreDirectory { get; init; }
    /// <summary>Size and durability of each counterparty's store. Messages that it holds no longer are gap-filled.</summary>
    public StoreOptions Store { get; init; } = new();
    /// <summary>Where the messages of both directions are logged in plain text, a file a counterparty; null logs none.</summary>
    public MessageLogOptions? MessageLog { get; init; }
    /// <summary>Bytes queued to a counterparty that does not read, before it is cut off.</summary>
    public int OutputQueueBytes { get; init; } = 4 << 20;
    /// <summary>A tag of the Logon whose value Y asks for cancel-on-disconnect; 0 when there is none.</summary>
    public int CancelOnDisconnectTag { get; init; } = 9002;
    /// <summary>SendingTime and TransactTime with six decimals instead of three.</summary>
    public bool Microseconds { get; init; } = true;
    /// <summary>Versions that counterparties may speak; each speaks the one of its Logon.</summary>
    public IReadOnlyList<FixVersion> Versions { get; init; } = [FixVersion.Fix44];
    /// <summary>What is checked of each message.</summary>
    public FixValidationOptions Validation { get; init; } = new();
    /// <summary>The dictionaries of a version, for checks; null takes those that come with the program.</summary>
    public Func<FixVersion, FixDictionaries>? Dictionaries { get; init; }
    /// <summary>Expect number 1 at each logon, whatever was before.</summary>
    public bool ResetSequenceNumbersOnLogon { get; init; }
    /// <summary>NextExpectedMsgSeqNum (789) in our Logon.</summary>
    public bool UseNextExpectedSequence { get; init; }
    /// <summary>TestMessageIndicator (464): sessions for tests only.</summary>
    public bool TestSession { get; init; }
    /// <summary>Seconds that a SendingTime may differ from our clock; 0 does not check.</summary>
    public int SendingTimeToleranceSeconds { get; init; } = 120;
    /// <summary>The sessions' hours; null is always open.</summary>
    public SessionSchedule? Schedule { get; init; }
    /// <summary>Longest message taken, 512–65536 bytes; a longer one ends the session.</summary>
    public int MaxMessageBytes { get; init; } = SequenceStore.MaxIncomingBytes;
    /// <summary>Messages of any kind that one counterparty may send in a second; beyond, its socket is left unread until the second is over. 0: no bound.</summary>
    public int MaxMessagesPerSecond { get; init; }
    /// <summary>Connections that have not logged on yet, 1–1024. One more, and the oldest of them is closed: who logs on at once gets in, however many only hold a connection.</summary>
    public int MaxHalfOpen { get; init; } = 16;
    /// <summary>Seconds that a connection has for its Logon, 1–60.</summary>
    public int LogonWithinSeconds { get; init; } = 10;
}
