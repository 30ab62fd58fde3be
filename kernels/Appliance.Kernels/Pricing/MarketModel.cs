namespace Appliance.Kernels.Pricing;

public enum ModelKind : byte
{
    None = 0,
    /// <summary>Black, Scholes and Merton: geometric Brownian motion with continuous yield.</summary>
    BlackScholes,
    /// <summary>Black 1976: the spot is a forward price, which has no drift; the yield is not used.</summary>
    Black76,
    Heston,
    /// <summary>Merton 1976: lognormal jumps in a geometric Brownian motion.</summary>
    Merton,
    /// <summary>Heston's variance with Merton's jumps.</summary>
    Bates,
}

/// <summary>What moves the price. Rates and yields are continuously compounded, per year, of either sign. Fields that the kind does not use are ignored.</summary>
public struct MarketModel
{
    public ModelKind Kind;
    public double Rate;
    public double Yield;

    /// <summary>Black-Scholes, Black-76, Merton: volatility per √year, 0.2 for twenty per cent; zero or more.</summary>
    public double Volatility;

    /// <summary>Heston, Bates: speed of the variance's reversion, per year; above zero.</summary>
    public double Kappa;

    /// <summary>Heston, Bates: the variance's long-run mean; zero or more.</summary>
    public double Theta;

    /// <summary>Heston, Bates: volatility of variance; zero or more.</summary>
    public double Xi;

    /// <summary>Heston, Bates: correlation of price and variance, −1 to 1.</summary>
    public double Rho;

    /// <summary>Heston, Bates: the variance now; zero or more.</summary>
    public double V0;

    /// <summary>Merton, Bates: jumps a year; zero or more.</summary>
    public double Lambda;

    /// <summary>Merton, Bates: mean of a jump of the log price.</summary>
    public double JumpMean;

    /// <summary>Merton, Bates: standard deviation of a jump of the log price; zero or more.</summary>
    public double JumpStdDev;
}
