namespace Appliance.Lab.Specification;

/// <summary>
/// One hedging problem, checked and frozen: what the market does, what is owed, what it may be hedged with and at which cost, what is minimised, and how policies are trained and judged.
/// The host reads it from JSON (desk/lab/*.json); the lab sees only this record.
/// </summary>
public sealed record LabSpecification
{
    /// <summary>Where it was read from, for messages and for files named relative to it.</summary>
    public string File { get; init; } = "";
    public byte[] Bytes { get; init; } = [];
    public string Name { get; init; } = "";
    public required MarketSpecification Market { get; init; }
    public required TimeSpecification Time { get; init; }
    public required LiabilitySpecification Liability { get; init; }
    public required IReadOnlyList<HedgeSpecification> Hedges { get; init; }
    /// <summary>Units held of each hedge before the first decision; the first trade starts from here and is charged.</summary>
    public required IReadOnlyList<double> InitialHolding { get; init; }
    /// <summary>Whether what is held at maturity is sold at its cost. Without it the holding is marked at the last price for nothing.</summary>
    public bool LiquidateAtEnd { get; init; }
    public required ObjectiveSpecification Objective { get; init; }
    public PolicySpecification Policy { get; init; } = new();
    public TrainingSpecification Training { get; init; } = new();
    public EvaluationSpecification Evaluation { get; init; } = new();
    public IReadOnlyList<StrategySpecification> Baselines { get; init; } = [];
    public CertificateKind Certificate { get; init; }
}

public enum MarketModel { Gbm, Heston, Merton, Kou, Bates, Sabr, RoughBergomi, Trinomial, RegimeSwitching, Bootstrap, Paths }

/// <summary>How random numbers are drawn: Philox numbers, the same in pairs of opposite sign, or a scrambled Sobol sequence through a Brownian bridge.</summary>
public enum DrawScheme { Random, Antithetic, Sobol }

/// <summary>The market. Parameters bear the names of `appliance greeks`; those of other models are zero or empty.</summary>
public sealed record MarketSpecification
{
    public required MarketModel Model { get; init; }
    /// <summary>Initial price of each underlying, in quote currency; one but for correlated underlyings.</summary>
    public required IReadOnlyList<double> Spots { get; init; }
    /// <summary>Continuously compounded drift a year: E S_T = S_0 e^(drift·T), jumps compensated.</summary>
    public double Drift { get; init; }
    /// <summary>Continuously compounded rate at which cash accrues, a year.</summary>
    public double Rate { get; init; }
    /// <summary>Volatility a year of each underlying (gbm, merton, kou); 1.00 is 100 %.</summary>
    public IReadOnlyList<double> Volatilities { get; init; } = [];
    /// <summary>Correlation of the underlyings' Brownian motions, row by row; empty for one underlying.</summary>
    public IReadOnlyList<double> Correlation { get; init; } = [];
    // Heston and Bates: dv = κ(θ − v)dt + ξ√v dW, corr(dW, dW_S) = ρ.
    public double V0 { get; init; }
    public double Kappa { get; init; }
    public double Theta { get; init; }
    public double Xi { get; init; }
    public double Rho { get; init; }
    // Jumps: λ a year; Merton and Bates log-normal with this log mean and deviation.
    public double Lambda { get; init; }
    public double JumpMean { get; init; }
    public double JumpStdDev { get; init; }
    // Kou: a jump is up with probability UpProbability, log size exponential with rate UpRate (mean 1/UpRate), else down with rate DownRate.
    public double UpProbability { get; init; }
    public double UpRate { get; init; }
    public double DownRate { get; init; }
    // SABR: dF = α F^β dW, dα = ν α dZ, correlation Rho.
    public double Alpha { get; init; }
    public double Beta { get; init; }
    public double Nu { get; init; }
    // Rough Bergomi: v = ξ₀ exp(η W^H − ½η² t^2H), correlation Rho.
    public double Hurst { get; init; }
    public double Eta { get; init; }
    public double ForwardVariance { get; init; }
    // Trinomial tree: factors Up, 1, 1/Up with these probabilities (up, middle, down).
    public double Up { get; init; }
    public IReadOnlyList<double> Probabilities { get; init; } = [];
    // Regime switching: volatility and drift of each regime, and the switching intensities a year, row by row.
    public IReadOnlyList<double> RegimeVolatilities { get; init; } = [];
    public IReadOnlyList<double> RegimeDrifts { get; init; } = [];
    public IReadOnlyList<double> RegimeIntensities { get; init; } = [];
    public int InitialRegime { get; init; }
    // Bootstrap and paths: the file, the column of prices, and the mean length of a block of consecutive returns.
    public string DataFile { get; init; } = "";
    public string Column { get; init; } = "";
    public double BlockLength { get; init; } = 20;
    /// <summary>Share of the history, from its beginning, that training draws from; evaluation draws from the rest. 1 uses all for both.</summary>
    public double TrainingShare { get; init; } = 1;
    /// <summary>Bootstrap: above 0, evaluation hedges the history's own windows, a new one every so many observations, in place of years put together from blocks.</summary>
    public int WindowStride { get; init; }
    /// <summary>Bootstrap: the returns that training draws from and that evaluation goes through, where a walk-forward cuts them; null leaves it to <see cref="TrainingShare"/>.</summary>
    public HistoryRange? TrainingRange { get; init; }
    public HistoryRange? EvaluationRange { get; init; }
    /// <summary>Volatility a year at which classical rules and the premium are computed, where the model has none of its own (bootstrap, paths, trinomial); 0 estimates it.</summary>
    public double HedgeVolatility { get; init; }
    public DrawScheme Draws { get; init; }
}

/// <summary>Returns of a history from From to before To, counted from 0.</summary>
public readonly record struct HistoryRange(int From, int To);

/// <param name="Steps">Decisions; the k-th is taken at k·StepYears, k = 0 … Steps − 1, and maturity is Steps·StepYears.</param>
/// <param name="StepYears">Years between decisions.</param>
/// <param name="Substeps">Simulation steps inside one step, for schemes with a time-discretisation error.</param>
public sealed record TimeSpecification(int Steps, double StepYears, int Substeps = 1)
{
    public double MaturityYears => Steps * StepYears;
}

public enum ContractKind
{
    European, CashDigital, AssetDigital, DownAndOut, DownAndIn, UpAndOut, UpAndIn, LookbackFixed, LookbackFloating, AsianGeometric, AsianArithmetic, Basket,
}

/// <summary>One contract of the liability. All expire at maturity or, with ExpiryStep, at an earlier step, whose payoff accrues at the rate.</summary>
public sealed record ContractSpecification
{
    public required ContractKind Contract { get; init; }
    public bool Call { get; init; } = true;
    public double Strike { get; init; }
    public double Cash { get; init; } = 1;
    public double Barrier { get; init; }
    public double Rebate { get; init; }
    /// <summary>Size of one contract; multiplies the payoff.</summary>
    public double Notional { get; init; } = 1;
    /// <summary>Contracts held; −1 is one sold, whose payoff we owe.</summary>
    public double Position { get; init; } = -1;
    /// <summary>Index of the underlying it is written on.</summary>
    public int Underlying { get; init; }
    /// <summary>Basket: weight of each underlying.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];
    /// <summary>Step at which it expires; −1 is the last.</summary>
    public int ExpiryStep { get; init; } = -1;
}

public enum PremiumKind { Amount, Model, BlackScholes }

/// <summary>What is owed, and the premium that was received for it at the start.</summary>
public sealed record LiabilitySpecification
{
    public required IReadOnlyList<ContractSpecification> Contracts { get; init; }
    public PremiumKind Premium { get; init; }
    /// <summary>The premium where it is given as a number, in quote currency at the start.</summary>
    public double PremiumAmount { get; init; }
}

public enum HedgeKind { Spot, Perpetual, VarianceSwap, Option }

public sealed record HedgeSpecification
{
    public HedgeKind Instrument { get; init; }
    /// <summary>Index of the underlying.</summary>
    public int Underlying { get; init; }
    public CostSpecification Costs { get; init; } = new();
    /// <summary>Least and greatest holding in units.</summary>
    public double LowestHolding { get; init; } = double.NegativeInfinity;
    public double HighestHolding { get; init; } = double.PositiveInfinity;
    public bool IsBounded => double.IsFinite(LowestHolding) || double.IsFinite(HighestHolding);
    /// <summary>Perpetual: funding paid by a long, per unit of notional a year.</summary>
    public double FundingRate { get; init; }
    // Option hedge: a European option at its model price.
    public bool Call { get; init; } = true;
    public double Strike { get; init; }
    /// <summary>Option hedge: years from the start to its expiry, at least the maturity.</summary>
    public double ExpiryYears { get; init; }

    /// <summary>The instrument in words, as a policy file of several hedges names it: "spot", "variance-swap", "spot of underlying 1", "option call 105 0.25y".</summary>
    public string Describe()
    {
        string kind = Instrument switch { HedgeKind.Perpetual => "perpetual", HedgeKind.VarianceSwap => "variance-swap", HedgeKind.Option => FormattableString.Invariant($"option {(Call ? "call" : "put")} {Strike} {ExpiryYears}y"), _ => "spot" };
        return Underlying == 0 ? kind : FormattableString.Invariant($"{kind} of underlying {Underlying}");
    }
}

/// <summary>
/// Costs of a trade of n units at price S: proportional·S·|n| + fixed·[n ≠ 0] + quadratic·S·n², so that the average price paid is S·(1 ± proportional + quadratic·n).
/// Impact moves the price of later trades and of the holding: by permanent·S·n for good, by decayingImpact·S·n fading at rate impactDecay a year.
/// </summary>
public sealed record CostSpecification
{
    public double Proportional { get; init; }
    public double Fixed { get; init; }
    public double Quadratic { get; init; }
    public double Permanent { get; init; }
    /// <summary>Transient impact per unit traded, a share of the price.</summary>
    public double Transient { get; init; }
    /// <summary>Rate a year at which the transient impact decays.</summary>
    public double Decay { get; init; }
    /// <summary>File of half-spreads as a share of price, [steps + 1] or [paths, steps + 1]; added to Proportional.</summary>
    public string SpreadFile { get; init; } = "";
    /// <summary>A smaller trade is not made.</summary>
    public double MinimumTrade { get; init; }
    /// <summary>Holdings are whole multiples of this; 0 allows any.</summary>
    public double Lot { get; init; }
    /// <summary>Steps between a decision and its trade.</summary>
    public int LatencySteps { get; init; }
    /// <summary>Mean share of a wanted trade that is filled; drawn uniformly on [2·share − 1, 1], so at least one half.</summary>
    public double FillShare { get; init; } = 1;
    /// <summary>Standard deviation of a trade's slippage, as a share of the price, normal and against or for us alike.</summary>
    public double SlippageStdDev { get; init; }

    /// <summary>Whether only the first three terms are there, which is what gradients and certificates know.</summary>
    public bool IsSimple => Permanent == 0 && Transient == 0 && SpreadFile == "" && MinimumTrade == 0 && Lot == 0 && LatencySteps == 0 && FillShare == 1 && SlippageStdDev == 0;
}

public enum CertificateKind { None, DynamicProgramme, LinearProgramme }
