namespace Appliance.Fix;

/// <summary>The companion of a host: a local socket in, TLS out. Who connects says by CONNECT where to.</summary>
public sealed record TlsConnectOptions
{
    /// <summary>Where the local socket is made; what lies there is replaced. Only the own user can connect.</summary>
    public required string SocketPath { get; init; }
    /// <summary>Our certificate, for venues that ask for one.</summary>
    public TlsIdentity? Identity { get; init; }
    /// <summary>Whom we take for the venue.</summary>
    public required TlsTrust Trust { get; init; }
    /// <summary>The name asked for in the handshake (SNI) and looked for in the certificate; empty takes the host's.</summary>
    public string ServerName { get; init; } = "";
    /// <summary>An HTTP proxy on the way; null connects directly.</summary>
    public FixEndpoint? Proxy { get; init; }
    /// <summary>Bound of the connecting, and of the handshake, milliseconds.</summary>
    public int TimeoutMs { get; init; } = 3_000;
}

/// <summary>The other end: TLS in, plain TCP to an acceptor that is not reached otherwise.</summary>
public sealed record TlsAcceptOptions
{
    public required FixEndpoint Listen { get; init; }
    public required FixEndpoint Target { get; init; }
    public required TlsIdentity Identity { get; init; }
    /// <summary>Whose clients' certificates are taken; null asks for none.</summary>
    public TlsTrust? Clients { get; init; }
    /// <summary>Bound of a handshake, milliseconds: who has not shaken hands by then is cut off.</summary>
    public int TimeoutMs { get; init; } = 5_000;
    /// <summary>Connections at once, those in the handshake included; further ones are closed as they come.</summary>
    public int MaxConnections { get; init; } = 64;
}
