namespace Appliance.Host.Threads;

/// <summary>What a hot thread can be made to do, so that what guards against it can be seen at work.</summary>
internal enum FaultKind
{
    None = 0,
    /// <summary>It loops for <see cref="InjectedFault.StallNs"/>, then goes on.</summary>
    Stall,
    /// <summary>It loops for ever.</summary>
    Hang,
    /// <summary>It fails as by a programmer's error.</summary>
    Throw,
}

/// <summary>`--fault THREAD:WHAT@SECONDS`: so long after the first order was sent, that thread stalls, hangs or throws.</summary>
internal sealed record InjectedFault(string Thread, FaultKind Kind, double AfterSeconds)
{
    public const long StallNs = 8_000_000_000;

    /// <returns>Null when the text is not of that form.</returns>
    public static InjectedFault? Parse(string text)
    {
        int colon = text.IndexOf(':'), at = text.IndexOf('@');
        if (colon <= 0 || at < colon) return null;
        if (!Enum.TryParse(text[(colon + 1)..at], ignoreCase: true, out FaultKind kind) || kind == FaultKind.None || !Enum.IsDefined(kind)) return null;
        if (!double.TryParse(text[(at + 1)..], System.Globalization.CultureInfo.InvariantCulture, out double seconds) || !(seconds >= 0) || double.IsInfinity(seconds)) return null;
        return new InjectedFault(text[..colon], kind, seconds);
    }
}
